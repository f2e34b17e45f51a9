"""A system bound to a point: checked numbers, broadcast parameters, real or complex arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from numbers import Integral
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.errors import DomainError
from rmtsym.field.evaluate import FLOAT, evaluate
from rmtsym.fixedpoint.generate import Generated, fixed_arguments, generate, matrices_of, scalars_of
from rmtsym.fixedpoint.newton import Batch
from rmtsym.fixedpoint.system import FixedPointSystem

__all__ = ["Problem", "bind", "named"]


@dataclass
class Problem:
    """Everything that a solver needs: generated code, batch of parameters, shape of the grid."""

    system: FixedPointSystem
    code: Generated
    batch: Batch
    point: dict[str, Any]  # floats and arrays by name; measures, matrices, objects
    shape: tuple[int, ...]
    size: int
    complex: bool
    scale: float  # size of the letters and matrices, for the start of a continuation

    def number(self, expr: Any, **changed: Any) -> np.ndarray:
        """Value of an expression in the parameters at all points, shape (B,)."""
        env = {**self.point, **self.batch.parameters, **changed}
        return np.broadcast_to(np.asarray(evaluate(sp.sympify(expr), env, FLOAT)), (self.size,))


def check_call(system: Any, point: Any) -> None:
    """Refuse what is not a system, or not a point."""
    if not isinstance(system, FixedPointSystem):
        hint = "a deterministic equivalent has one, .system" if hasattr(system, "system") else "build one"
        raise DomainError("system", f"a {type(system).__name__}", "a FixedPointSystem", hint)
    if not isinstance(point, Mapping):
        raise DomainError("point", repr(point), "a mapping from parameters to numbers", "write {'lam': 0.3}")


def check_digits(digits: Any) -> None:
    """Refuse a number of digits that cannot be certified."""
    if not isinstance(digits, Integral) or digits < 1:
        raise DomainError("digits", repr(digits), "a whole number from 1", "write digits=15")


def named(point: Mapping[Any, Any]) -> dict[str, Any]:
    """The point with its keys as names."""
    return {str(k): v for k, v in point.items()}


def _numeric(name: str, value: Any) -> np.ndarray:
    if isinstance(value, sp.Basic):
        value = complex(value) if not value.is_real else float(value)
    if isinstance(value, (list, tuple)):
        value = np.array([complex(x) if isinstance(x, complex) else float(x) for x in value])
    try:
        array = np.asarray(float(value) if isinstance(value, (Fraction, int)) else value)
        array = array.astype(complex if array.dtype.kind == "c" else float)
    except OverflowError:
        raise DomainError(name, "a number too large for a float", "below 1e308", "give a smaller one") from None
    except (TypeError, ValueError):
        raise DomainError(name, repr(value), "a number or an array of numbers", "give a float or a Fraction") from None
    if not np.isfinite(array).all():
        raise DomainError(name, value, "finite numbers", "remove NaN and infinite entries")
    return array


def check_bound(system: FixedPointSystem, point: Mapping[str, Any]) -> None:
    """Every parameter, measure and matrix of the system has a value."""
    for name in scalars_of(system):
        if name not in point:
            raise DomainError(name, "missing", "a value for every parameter", "add it to the point")
    for kind, names in (
        ("atoms", [m.name for m in system.measures]),
        ("an array", [m.name for m in matrices_of(system)]),
        ("an object", list(system.objects)),
    ):
        for name in names:
            if name not in point:
                raise DomainError(name, "missing", f"{kind} bound to it", "add it to the point")


def bind(system: FixedPointSystem, point: Mapping[Any, Any]) -> Problem:
    """Check and broadcast the numbers of a point."""
    given = named(point)
    check_bound(system, given)
    values = {name: _numeric(name, given[name]) for name in scalars_of(system)}
    try:
        shape = np.broadcast_shapes(*(v.shape for v in values.values()))
    except ValueError:
        shapes = ", ".join(f"{k}: {v.shape}" for k, v in values.items() if v.shape)
        raise DomainError("point", shapes, "arrays that broadcast together", "give grids of one shape") from None
    size = int(np.prod(shape))
    flat = {k: (v.reshape(1) if v.size == 1 else np.broadcast_to(v, shape).ravel()) for k, v in values.items()}
    arrays = {m.name: FLOAT.matrix(given[m.name]) for m in matrices_of(system)}
    code = generate(system, tuple((k, v.shape[-2:]) for k, v in arrays.items()))
    fixed = fixed_arguments(code, system, given | arrays)
    herglotz = np.array([u.domain == "herglotz" for u in system.unknowns], bool)
    if not herglotz.any():
        flat = {k: (v.real if np.iscomplexobj(v) and not v.imag.any() else v) for k, v in flat.items()}
    upper = "z" in flat or any(np.iscomplexobj(v) for v in flat.values())
    is_complex = any(np.iscomplexobj(v) for v in flat.values()) or bool(herglotz.any() and upper)
    for name, value in flat.items():
        if herglotz.any() and np.iscomplexobj(value) and (value.imag < 0).any():
            raise DomainError(name, value[value.imag < 0][0], "Im >= 0", "conjugate the point and the result")
    positive = np.array([u.domain == "positive" for u in system.unknowns], bool)
    if is_complex:
        flat = {k: v.astype(complex) for k, v in flat.items()}
    rows = zip(positive, system.equations, system.symbols, strict=True)
    batch = Batch(
        code,
        flat,
        fixed,
        np.zeros_like(positive) if is_complex else positive,
        herglotz if is_complex else np.zeros_like(herglotz),
        np.array([not is_complex and (positive.all() or (p and eq.lhs == u)) for p, eq, u in rows], bool),
    )
    sizes = [np.max(np.abs(v)) for v in fixed if getattr(v, "ndim", 0) == 1] + [
        np.linalg.norm(v, 2) for v in arrays.values()
    ]
    numbers = {name: given[name] for name in (*(m.name for m in system.measures), *system.objects)} | arrays
    return Problem(system, code, batch, numbers, shape, size, is_complex, float(max([1.0, *sizes])))
