r"""Entrywise kernels of pairs of columns, :math:`\Phi_{ij} = f(|a_i|^2,\, a_i\cdot b_j,\, |b_j|^2)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp
from flint import arb

from rmtsym.field.ball import Ball
from rmtsym.field.evaluate import _RULES, Frame, Walk
from rmtsym.field.number_system import Float, NumberSystem

__all__ = ["KernelMatrix"]


class KernelMatrix(sp.MatrixExpr):
    r"""Matrix of a scalar closed form applied to all pairs of columns of two matrices.

    .. math:: \Phi_{ij} = f(|x_i|^2,\; x_i\cdot y_j,\; |y_j|^2)

    Parameters
    ----------
    expr : sympy expression
        Closed form of the kernel, defined whenever ``ab**2 <= aa*bb``.
    symbols : (aa, ab, bb)
        Squared norm of the left vector, inner product, squared norm of the right vector; bound inside.
    X, Y : matrix expressions, shapes (p, T) and (p, S)
        Vectors as columns; the kernel matrix has shape (T, S).

    Examples
    --------
    >>> aa, ab, bb = sp.symbols("aa ab bb")
    >>> X = sp.MatrixSymbol("X", 2, 3)
    >>> K = KernelMatrix(ab**2 + aa + bb, (aa, ab, bb), X, X)
    >>> K.shape, sp.latex(K)
    ((3, 3), '\\left[aa + ab^{2} + bb\\right]_{X, X}')
    >>> from rmtsym.field.evaluate import evaluate
    >>> evaluate(K, {"X": np.array([[1.0, 0, 1], [0, 1, 1]])}).tolist()
    [[3.0, 2.0, 4.0], [2.0, 3.0, 4.0], [4.0, 4.0, 8.0]]
    """

    is_commutative = False

    def __new__(cls, expr: Any, symbols: Any, X: Any, Y: Any) -> KernelMatrix:
        bound = sp.Tuple(*symbols)
        if len(bound) != 3:
            raise ValueError("a kernel is a function of |a|^2, a.b and |b|^2: give three symbols")
        return super().__new__(cls, sp.sympify(expr), bound, X, Y)

    @property
    def expr(self) -> sp.Expr:
        return self.args[0]  # type: ignore[return-value]

    @property
    def bound_symbols(self) -> list[sp.Symbol]:
        return list(self.args[1])

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.args[2].shape[1], self.args[3].shape[1]  # type: ignore[attr-defined]

    @property
    def free_symbols(self) -> set[sp.Basic]:
        inner = self.expr.free_symbols - set(self.bound_symbols)
        return inner | self.args[2].free_symbols | self.args[3].free_symbols

    def _entry(self, i: Any, j: Any, **kwargs: Any) -> Any:
        return sp.matrices.expressions.matexpr.MatrixElement(self, i, j)

    def doit(self, **hints: Any) -> KernelMatrix:
        return self

    def _eval_transpose(self) -> KernelMatrix:
        aa, ab, bb = self.bound_symbols
        swapped = self.expr.xreplace({aa: bb, bb: aa})
        return KernelMatrix(swapped, (aa, ab, bb), self.args[3], self.args[2])

    @property
    def diagonal(self) -> sp.Expr:
        """Closed form at two equal vectors."""
        aa, ab, bb = self.bound_symbols
        return self.expr.subs({ab: aa, bb: aa})

    def _latex(self, printer: Any, **kwargs: Any) -> str:
        body, left, right = (printer._print(x) for x in (self.expr, self.args[2], self.args[3]))
        return rf"\left[{body}\right]_{{{left}, {right}}}"

    def _sympystr(self, printer: Any) -> str:
        return f"K_[{printer._print(self.expr)}]({printer._print(self.args[2])}, {printer._print(self.args[3])})"


def _clamped_float(name: str, x: Any) -> Any:
    return getattr(np, {"sqrt": "sqrt", "acos": "arccos", "asin": "arcsin"}[name])(
        np.maximum(x, 0.0) if name == "sqrt" else np.clip(x, -1.0, 1.0)
    )


def _clamped_ball(name: str, x: Any) -> Any:
    if name == "sqrt":
        return (x if x > 0 or x < 0 else x.nonnegative_part()).sqrt()
    if -1 < x < 1 or x > 1 or x < -1:
        return x.acos() if name == "acos" else x.asin()
    # at the ends: acos x = 2 atan2(sqrt(1-x), sqrt(1+x)), which needs no division
    angle = 2 * arb.atan2((1 - x).nonnegative_part().sqrt(), (1 + x).nonnegative_part().sqrt())
    return angle if name == "acos" else arb.pi() / 2 - angle


def _clamp(system: Any) -> Any:
    """The same number system with arguments of sqrt, acos and asin moved back into their domain.

    The closed form is real whenever ``ab**2 <= aa*bb`` (Cauchy and Schwarz), so what sticks out is rounding, or the
    part of a ball that the true value cannot lie in.
    """
    if isinstance(system, Float):
        made: NumberSystem = Float()
        rule: Callable[[str, Any], Any] = _clamped_float
    elif isinstance(system, Ball):
        made, rule = Ball(system.bits), _clamped_ball
    else:
        return system
    plain = made.call
    made.call = lambda name, *args: (rule if name in ("sqrt", "acos", "asin") else plain)(name, *args)  # type: ignore
    return made


def _kernel(walk: Walk, node: KernelMatrix, frame: Frame) -> Any:
    system, inner = walk.system, _clamp(walk.system)
    expr, _, left, right = node.args
    X, Y = walk.value(left, frame), walk.value(right, frame)
    gram = system.multiply(system.transpose(X), Y)
    rest = {str(s): walk.value(s, frame) for s in expr.free_symbols - set(node.bound_symbols)}
    names = [s.name for s in node.bound_symbols]
    same = left == right
    if isinstance(system, Float):
        if not isinstance(gram, np.ndarray):
            from rmtsym.errors import UnsupportedModel

            raise UnsupportedModel("a kernel of data is computed once before code is generated: bind it to a matrix")
        aa, bb = (X * X).sum(axis=-2)[..., :, None], (Y * Y).sum(axis=-2)[..., None, :]
        rest = {k: np.asarray(v)[..., None, None] for k, v in rest.items()}
        values = Walk(inner, rest | dict(zip(names, (aa, gram, bb), strict=True))).value(expr)
        values = np.array(np.broadcast_to(values, np.broadcast_shapes(np.shape(values), gram.shape)))
        if same:
            own = Walk(inner, {k: v[..., 0] for k, v in rest.items()} | {names[0]: aa[..., 0]}).value(node.diagonal)
            index = np.arange(gram.shape[-1])
            values[..., index, index] = own
        return values
    rows, cols = system.shape(gram)
    aa, bb = ([_norm(system, M, i) for i in range(n)] for M, n in ((X, rows), (Y, cols)))

    def entry(i: int, j: int) -> Any:
        if same and i == j:
            return Walk(inner, rest | {names[0]: aa[i]}).value(node.diagonal)
        return Walk(inner, rest | dict(zip(names, (aa[i], gram[i, j], bb[j]), strict=True))).value(expr)

    if not same:
        return system.tabulate(rows, cols, entry)
    half = {(i, j): entry(i, j) for i in range(rows) for j in range(i + 1)}
    return system.tabulate(rows, cols, lambda i, j: half[max(i, j), min(i, j)])


def _norm(system: Any, matrix: Any, column: int) -> Any:
    return system.total([matrix[k, column] ** 2 for k in range(system.shape(matrix)[0])])


_RULES[KernelMatrix] = _kernel
