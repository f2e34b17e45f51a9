r"""Spikes of an inner-product kernel that come from the lengths of the samples, not from structure in the data.

.. math::  \delta=\frac1{|a_2|}\sqrt{\frac2{\kappa-1}},\qquad
           \lambda_\pm=\mp\Big(\frac1{c\delta}+(\nu-a_1^2)\delta\Big)\mp\frac{a_1^2\delta}{1\pm a_1\delta}.

The statement is typed; the derivation takes the part of rank two out of the kernel's second Hermite component and
follows its poles.  Sources: Fan and Montanari (2019); Liao, Couillet and Mahoney (2021); Couillet and Liao (2022).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb

from rmtsym.field.ball import precision
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown
from rmtsym.theorem import POSITIVE, Choice, Interval, Parameter, Quantity, Regime, Theorem
from theory.kernels.inner_product_limiting_law.statement import (
    DIGITS,
    FUNCTIONS,
    a1,
    c,
    coefficients,
    h_lower,
    h_upper,
    rest,
    turning,
)

theorem = Theorem(
    id="inner-product-noninformative-spikes",
    title="Spikes of an inner-product kernel without information",
    family="kernels",
    references=(
        "Z. Fan, A. Montanari (2019), The spectral norm of random inner-product kernel matrices, arXiv:1507.05343",
        "Z. Liao, R. Couillet, M. W. Mahoney (2021), Sparse quantized spectral clustering, ICLR, arXiv:2010.01376",
        "R. Couillet, Z. Liao (2022), Random Matrix Methods for Machine Learning, Cambridge University Press, sec. 4.3",
    ),
    assumptions=(
        r"$x_1,\dots,x_n\in\mathbb R^p$ with independent centred entries of unit variance, symmetric, with the fourth "
        r"moment $\kappa=E X_{ij}^4$ (3 for a normal law, 1 for signs) and enough further moments; $p/n\to c$",
        r"$K_{ij}=f(x_i^{\sf T}x_j/\sqrt p)/\sqrt p$ for $i\ne j$, $K_{ii}=0$; $f$ is centred: $E f(\xi)=0$ for "
        r"$\xi\sim N(0,1)$",
        r"$a_1=E\,\xi f(\xi)\ge0$, $a_2=E(\xi^2-1)f(\xi)/\sqrt2$, $\nu=E f(\xi)^2>a_1^2$",
    ),
    parameters=(
        Parameter("f", "function, before it is centred", Choice("function", *FUNCTIONS), "f", default="relu"),
        Parameter("c", "dimension over number of samples", POSITIVE, "c"),
        Parameter("kappa", "fourth moment of the entries", Interval(1, closed="left"), r"\kappa", default="3"),
    ),
    quantities=(
        Quantity("delta", "one over c times the strength of the part of rank two", r"\delta", observable=False),
        Quantity("eig_min", "smallest eigenvalue", r"\lambda_{\min}"),
        Quantity("eig_max", "largest eigenvalue", r"\lambda_{\max}"),
        Quantity("eig_gap", "eigenvalue in the gap of the spectrum", r"\lambda_{\rm gap}"),
        Quantity("overlap_min", "squared cosine of the first eigenvector and 1", r"(v_{\min}^{\sf T}1)^2/n"),
        Quantity("overlap_max", "squared cosine of the last eigenvector and 1", r"(v_{\max}^{\sf T}1)^2/n"),
        Quantity("overlap_gap", "squared cosine of the one in the gap and 1", r"(v_{\rm gap}^{\sf T}1)^2/n"),
        Quantity("lengths_min", "squared cosine of the first eigenvector and the lengths |x_i|^2 - p",
                 r"(v_{\min}^{\sf T}u)^2/|u|^2"),
        Quantity("lengths_max", "squared cosine of the last eigenvector and the lengths",
                 r"(v_{\max}^{\sf T}u)^2/|u|^2"),
    ),
    points={
        "A": {"f": "abs", "c": "1/4", "kappa": "3"},
        "B": {"f": "relu", "c": "1/4", "kappa": "6"},
        "C": {"f": "softplus", "c": "1/8", "kappa": "3"},
        "D": {"f": "abs", "c": "1/4", "kappa": "1"},
    },
    uses=("inner-product-limiting-law", "hermite-facts"),
)  # fmt: skip

delta, a2 = sp.symbols("delta a2", positive=True)  # a2 stands for |a2|: the sign of a2 exchanges 1 and -1
kappa = sp.Symbol("kappa", positive=True)


def place_of(side: int) -> sp.Expr:
    """Place of a spike: side 1 below the spectrum, -1 above it or in its gap."""
    return -side * (1 / (c * delta) + rest * delta) - side * a1**2 * delta / (1 + side * a1 * delta)


def condition(side: int) -> sp.Expr:
    """There is a spike where this is less than 1/c."""
    return rest * delta**2 + (a1 * delta) ** 2 / (1 + side * a1 * delta) ** 2


def overlap_of(side: int) -> sp.Expr:
    """Squared cosine of its vector and 1, which is also that with the lengths."""
    return (1 - c * condition(side)) / 2


STRENGTH = sp.sqrt(2 / (kappa - 1)) / a2  # delta


def _spikes(**sides: int) -> FixedPointSystem:
    """Places and vectors of the spikes on the given sides, by name."""
    outputs: dict[str, Any] = {"delta": STRENGTH}
    for name, side in sides.items():
        outputs[f"eig_{name}"] = place_of(side)
        outputs[f"overlap_{name}"] = overlap_of(side)
        if name != "gap":
            outputs[f"lengths_{name}"] = sp.Symbol(f"overlap_{name}")
    return FixedPointSystem((), (), outputs)


def _bulk(*names: str) -> FixedPointSystem:
    """Ends of the spectrum, where there is no spike beyond them."""
    nu_over_c = sp.sqrt((rest + a1**2) / c)
    found = {
        "min": (Unknown(h_lower, "positive", meaning="1/m at the lower edge"), turning(h_lower, -1), nu_over_c),
        "max": (
            Unknown(h_upper, "interval", lower=a1 / c, meaning="-1/m at the upper edge"),
            turning(h_upper, 1),
            a1 / c + nu_over_c,
        ),
    }
    unknowns, turns, starts = zip(*(found[name] for name in names), strict=True)
    outputs: dict[str, Any] = {}
    for name, (_, at_edge) in zip(names, turns, strict=True):
        outputs |= {f"eig_{name}": at_edge, f"overlap_{name}": sp.S.Zero, f"lengths_{name}": sp.S.Zero}
    homotopy = Continuation.homotopy({u.symbol: start for u, start in zip(unknowns, starts, strict=True)})
    return FixedPointSystem(unknowns, tuple(equation for equation, _ in turns), outputs, continuation=homotopy)


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """A spike on each side, below only, below and in the gap, or none."""
    return (
        Regime(_spikes(min=1, max=-1), "below == 1 and above == 1 and inside == 0", "below and above"),
        Regime((_spikes(min=1), _bulk("max")), "below == 1 and above == 0 and inside == 0", "below"),
        Regime((_spikes(min=1, gap=-1), _bulk("max")), "below == 1 and inside == 1", "below and in the gap"),
        Regime(_bulk("min", "max"), "below == 0", "no spike"),
    )


@theorem.binding
def binding(f: str, c: Fraction, kappa: Fraction) -> dict[str, Any]:
    """Coefficients of the function, and on which sides z(m) increases at the poles."""
    _, slope, second, variance = coefficients(f)
    with precision(4 * DIGITS):
        found = {"a1": slope, "a2": abs(second), "nu": variance, "below": 0, "above": 0, "inside": 0}
    if kappa == 1 or second.contains(0):
        return found
    with precision(4 * DIGITS):
        ratio = arb(c.numerator) / c.denominator
        square = 2 / ((arb(kappa.numerator) / kappa.denominator - 1) * second**2)
        for side in (1, -1):
            along = slope * square.sqrt()
            denominator = (1 + side * along) ** 2
            seen = int(((variance - slope**2) * square - 1 / ratio) * denominator + along**2 < 0)
            name = "below" if side == 1 else "above" if along < 1 else "inside"
            found[name] = seen
    return found
