"""Ridge regression on one random layer: data and kernel."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.errors import DomainError
from rmtsym.gaussian import AA, AB, BB, Function, activation, kernel_expression
from rmtsym.gaussian.gram import A2B, A2B2, AB2, Gram
from theory.regression import datasets
from theory.regression.random_network_regression.statement import theorem


def kernel_of(sigma: str, coef: tuple[Fraction, ...], law: str) -> sp.Expr:
    """Kernel E sigma(w.a) sigma(w.b) as an expression in inner products."""
    needed = {"lrelu": 2, "poly2": 3}.get(sigma, len(coef))
    if len(coef) != needed:
        raise DomainError(
            "coef", ",".join(map(str, coef)), f"{needed} numbers for sigma={sigma}", "separate with commas"
        )
    if sigma == "lrelu":
        return kernel_expression(activation("lrelu", *coef))
    if sigma != "poly2":
        return kernel_expression(sigma)
    c2, c1, c0 = coef
    gaussian = kernel_expression(activation("quad", c2, c1, c0))
    m3, m4 = {"gauss": (0, 3), "rademacher": (0, 1)}[law]
    return gaussian + c2**2 * (m4 - 3) * A2B2 + c1 * c2 * m3 * (A2B + AB2)


def wrong_kernels(expression: sp.Expr, sigma: str, coef: tuple[Fraction, ...]) -> dict[str, sp.Expr]:
    """Kernels as they are mistyped: arccos(u) for arccos(-u); the quadratic row of a public notebook."""
    angle = expression.replace(lambda e: isinstance(e, sp.asin), lambda e: -e)
    if sigma != "poly2":
        return {"angle": angle, "quadratic": expression}
    c2, c1, c0 = coef
    return {"angle": angle, "quadratic": c2**2 * (2 * AB**2 + AA * BB + c1**2 * AB) + c2 * c0 * AA * BB + c0**2}


@lru_cache(maxsize=8)
def _bound(sigma: str, coef: tuple, W: str, data: str, p: int, T: int, Th: int, snr: Fraction, seed: int) -> dict:
    X, Xh, labels, labels_h = datasets.load(data, p, T, Th, snr, seed)
    expression = kernel_of(sigma, coef, W)
    kernels = {"": expression, **{f"_{k}": e for k, e in wrong_kernels(expression, sigma, coef).items()}}
    found: dict[str, Any] = {"y": labels[:, None], "yh": labels_h[:, None]}
    for suffix, kernel_expr in kernels.items():
        found |= {f"Phi{suffix}": Gram(kernel_expr, X), f"C{suffix}": Gram(kernel_expr, X, Xh)}
        found[f"H{suffix}"] = Gram(kernel_expr, Xh)
    return found


@theorem.binding
def binding(sigma, coef, W, data, p, T, Th, snr, seed) -> dict[str, Any]:
    """Labels and kernel matrices of the data, and the wrong kernels of the mutants."""
    return _bound(sigma, coef, W, data, p, T, Th, snr, seed)


def apply_activation(sigma: str, coef: tuple[Fraction, ...], t: np.ndarray) -> np.ndarray:
    """The activation itself, in floats."""
    if sigma == "poly2":
        return np.polynomial.polynomial.polyval(t, [float(c) for c in coef[::-1]])
    return _known(sigma, coef if sigma == "lrelu" else ())(t)


@lru_cache(maxsize=32)
def _known(sigma: str, coef: tuple[Fraction, ...]) -> Function:
    """An activation by name; a replicate should not define it again."""
    return activation(sigma, *coef)
