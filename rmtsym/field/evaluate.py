"""One formula, several number systems: values of a sympy expression in floats, multiprecision, balls, a prime field.

Averages become contractions over atoms (arrays) or weighted sums (one atom after the other); every subexpression is
computed once, in the outermost scope whose letters it uses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy.core.relational import Relational
from sympy.matrices.expressions.hadamard import HadamardProduct

from rmtsym.errors import ShapeError, UnknownName, UnsupportedModel
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.diagonal import DiagonalPart
from rmtsym.field.number_system import FLOAT, GFP, MP, NumberSystem, letters_of

__all__ = ["BALL", "FLOAT", "GFP", "MP", "Frame", "Walk", "evaluate"]


def BALL(bits: int = 128) -> Any:
    """Ball arithmetic with ``bits`` bits (:mod:`rmtsym.field.ball`)."""
    from rmtsym.field import ball

    return ball.BALL(bits)


def evaluate(expr: Any, env: Mapping[Any, Any], context: NumberSystem = FLOAT) -> Any:
    """Value of an expression, or of a list of expressions that share their subexpressions.

    Parameters
    ----------
    expr : sympy expression, or a list or tuple of them
        Scalars, averages, traces and products of matrices.
    env : mapping
        Symbol (or its name) to a number (``int``, ``Fraction``, ``float``, ``complex``, a ball, a numpy array in
        ``FLOAT``); matrix name to a two-dimensional array; measure name to atoms or a law of :mod:`rmtsym.field.law`.
    context : number system
        ``FLOAT``, ``MP(dps)``, ``BALL(bits)`` or ``GFP(p)``.

    Raises
    ------
    UnknownName
        For a symbol, measure or letter without a value.
    UnsupportedModel
        For a function that the number system does not have.

    Examples
    --------
    >>> from rmtsym.field.measure import Atoms
    >>> s, kappa = sp.symbols("s kappa", positive=True)
    >>> df1 = Average(s / (s + kappa), SpectralMeasure("nu", s))
    >>> point = {"kappa": Fraction(1), "nu": Atoms([Fraction(1, 2)] * 2, s=[1, 3])}
    >>> float(evaluate(df1, point)), evaluate(df1, point, BALL(64)).contains(Fraction(5, 8).__float__())
    (0.625, True)
    """
    with context:
        walk = Walk(context, env)
        several = [sp.sympify(e) for e in expr] if isinstance(expr, (list, tuple)) else [sp.sympify(expr)]
        walk.bind_sizes(several)
        values = [walk.value(e) for e in several]
        return values if isinstance(expr, (list, tuple)) else values[0]


class Frame:
    """Scope of an average: its letters have values here, and values that need them are remembered here."""

    __slots__ = ("children", "letters", "level", "levels", "memo", "parent")

    def __init__(self, parent: Frame | None, letters: dict[str, Any]) -> None:
        self.parent, self.letters = parent, letters
        self.level: int = 0 if parent is None else parent.level + 1
        self.memo: dict[Any, Any] = {}
        self.levels: dict[Any, int] = {}
        self.children: dict[Any, Any] = {}

    def at(self, level: int) -> Frame:
        frame = self
        while frame.level > level:
            frame = frame.parent  # type: ignore[assignment]
        return frame

    def level_of(self, expr: sp.Basic) -> int:
        """Level of the outermost scope in which the expression has a value."""
        if self.level == 0:
            return 0
        known = self.levels.get(expr)
        if known is None:
            if isinstance(expr, sp.Symbol):
                known = self.level if expr.name in self.letters else self.parent.level_of(expr)  # type: ignore[union-attr]
            elif hasattr(expr, "bound_symbols") and expr.bound_symbols:
                known = max((self.level_of(x) for x in expr.free_symbols if isinstance(x, sp.Symbol)), default=0)
            else:
                known = max((self.level_of(x) for x in expr.args), default=0)
            self.levels[expr] = known
        return known

    def lookup(self, name: str) -> Any:
        frame: Frame | None = self
        while frame is not None:
            if name in frame.letters:
                return frame.letters[name]
            frame = frame.parent
        return None


class Walk:
    """Evaluation of expressions at one point in one number system."""

    def __init__(self, system: NumberSystem, env: Mapping[Any, Any]) -> None:
        self.system = system
        self.env = {str(k): v for k, v in env.items()}
        self.root = Frame(None, {})

    def value(self, expr: sp.Basic, frame: Frame | None = None) -> Any:
        frame = frame or self.root
        home = frame.at(frame.level_of(expr))
        found = home.memo.get(expr)
        if found is None:
            found = home.memo[expr] = self._compute(expr, home)
        if self.system.vectorised and home is not frame:
            return self.system.lift(found, frame.level - home.level, _is_matrix(expr))  # type: ignore[attr-defined]
        return found

    def _compute(self, expr: Any, frame: Frame) -> Any:
        if hasattr(expr, "_walk_value"):  # nodes of higher layers bring their own rule
            return expr._walk_value(self, frame)
        for kind in type(expr).__mro__:
            rule = _RULES.get(kind)
            if rule is not None:
                return rule(self, expr, frame)
        if type(expr).__name__ in _FUNCTIONS:
            return self.system.call(type(expr).__name__, *(self.value(a, frame) for a in expr.args))
        raise UnsupportedModel(f"cannot evaluate {type(expr).__name__} in {self.system.name} arithmetic: {expr}")

    # scalars
    def _symbol(self, expr: sp.Symbol, frame: Frame) -> Any:
        found = frame.lookup(expr.name)
        if found is not None:
            return found
        if expr.name not in self.env:
            raise UnknownName("symbol", expr.name, self.env)
        given = self.env[expr.name]
        return self.value(given) if isinstance(given, sp.Basic) else self.system.number(given)

    def _rational(self, expr: Any, frame: Frame) -> Any:
        return self.system.number(Fraction(int(expr.p), int(expr.q)))

    def _float(self, expr: sp.Float, frame: Frame) -> Any:
        exact = sp.Rational(expr)
        return self.system.number(Fraction(int(exact.p), int(exact.q)))

    def _constant(self, expr: sp.Basic, frame: Frame) -> Any:
        return self.system.constant({"Exp1": "E", "Pi": "pi", "ImaginaryUnit": "I"}.get(type(expr).__name__, str(expr)))

    def _add(self, expr: sp.Add, frame: Frame) -> Any:
        return self.system.total([self.value(a, frame) for a in expr.args])

    def _mul(self, expr: sp.Mul, frame: Frame) -> Any:
        above: list[Any] = []
        below: list[Any] = []
        negative = expr.args[0] is sp.S.NegativeOne
        for factor in expr.args[negative:]:
            if isinstance(factor, sp.Pow) and factor.exp.is_Rational and factor.exp.is_negative:
                below.append(self.value(factor.base**-factor.exp, frame))
            elif isinstance(factor, sp.Rational) and factor.p == 1:
                below.append(self.system.number(int(factor.q)))
            else:
                above.append(self.value(factor, frame))
        numerator = self.system.product(above) if above else None
        value = self.system.quotient(numerator, self.system.product(below)) if below else numerator
        return -value if negative else value  # type: ignore[operator]

    def _pow(self, expr: sp.Pow, frame: Frame) -> Any:
        base, exponent = expr.args
        if base is sp.S.Exp1:
            return self.system.call("exp", self.value(exponent, frame))
        if isinstance(exponent, sp.Rational):
            power = Fraction(int(exponent.p), int(exponent.q))
            if power < 0:
                return self.system.quotient(None, self.value(base**-exponent, frame))
            return self.system.power(self.value(base, frame), power)
        return self.system.general_power(self.value(base, frame), self.value(exponent, frame))

    def _piecewise(self, expr: sp.Piecewise, frame: Frame) -> Any:
        return self._branches(list(expr.args), frame)

    def _branches(self, pieces: list[Any], frame: Frame) -> Any:
        (value, condition), rest = pieces[0].args, pieces[1:]
        if condition == True or not rest:  # noqa: E712 - sympy's true; the last piece covers what is left
            return self.value(value, frame)
        return self.system.choose(
            self.value(condition, frame), self.value(value, frame), lambda: self._branches(rest, frame)
        )

    def _relation(self, expr: Relational, frame: Frame) -> Any:
        return self.system.compare(expr.rel_op, self.value(expr.lhs, frame), self.value(expr.rhs, frame))

    def _average(self, expr: Average, frame: Frame) -> Any:
        measure, integrand = expr.measure, expr.integrand
        if measure.name not in self.env:
            raise UnknownName("measure", measure.name, self.env)
        law = self.env[measure.name]
        if hasattr(law, "enclose") and hasattr(self.system, "bits"):
            return law.enclose(self._integrand(integrand, measure, frame), self.system.bits)
        if hasattr(law, "integrate") and not self.system.vectorised:
            return law.integrate(self._integrand(integrand, measure, frame), self.system)
        if measure not in frame.children:
            frame.children[measure] = self._open(law, measure, frame)
        inner, weights = frame.children[measure]
        if self.system.vectorised:
            return self.system.contract(self.value(integrand, inner), weights)
        return self.system.contract([self.value(integrand, f) for f in inner], weights)

    def _open(self, law: Any, measure: SpectralMeasure, frame: Frame) -> tuple[Any, Any]:
        if self.system.vectorised:
            letters, weights = self.system.atoms(law, measure)  # type: ignore[attr-defined]
            return Frame(frame, letters), weights
        values = letters_of(law, measure)
        rows = zip(*values.values(), strict=True) if values else [()] * len(law.weights)
        frames = [Frame(frame, {k: self.system.number(x) for k, x in zip(values, row, strict=True)}) for row in rows]
        return frames, [self.system.number(w) for w in law.weights]

    def _integrand(self, integrand: sp.Expr, measure: SpectralMeasure, frame: Frame) -> Callable[..., Any]:
        """The integrand as a function of the letters' values, for quadrature."""

        def function(*values: Any, analytic: bool = False) -> Any:
            inner = Frame(frame, dict(zip((x.name for x in measure.letters), values, strict=True)))
            flag = getattr(self.system, "analytic", False)
            if hasattr(self.system, "analytic"):
                self.system.analytic = analytic or flag  # an average inside an average must be analytic in both
            try:
                return self.value(integrand, inner)
            finally:
                if hasattr(self.system, "analytic"):
                    self.system.analytic = flag

        return function

    # matrices
    def _matrix_symbol(self, expr: sp.MatrixSymbol, frame: Frame) -> Any:
        if expr.name not in self.env:
            raise UnknownName("matrix", expr.name, self.env)
        return self.system.matrix(self.env[expr.name])

    def bind_sizes(self, expressions: Sequence[sp.Basic]) -> None:
        """Give the declared sizes of matrices the sizes of the arrays that are bound to them."""
        matrices = sorted(set().union(*map(_matrices, expressions)), key=lambda m: m.name)
        for matrix in matrices:
            if matrix.name not in self.env:
                raise UnknownName("matrix", matrix.name, self.env)
            self.env[matrix.name] = value = self.system.matrix(self.env[matrix.name])
            for side, found in zip(matrix.shape, self.system.shape(value), strict=True):
                if isinstance(side, sp.Symbol) and side.name not in self.env:
                    self.env[side.name] = found
                elif self.size(side) != found:
                    raise ShapeError(f"{matrix.name} has {found} where its declared size {side} is {self.size(side)}")

    def _explicit(self, expr: Any, frame: Frame) -> Any:
        rows, cols = expr.shape
        return self.system.tabulate(rows, cols, lambda i, j: self.value(expr[i, j], frame))

    def size(self, expr: sp.Expr) -> int:
        if expr.is_Integer:
            return int(expr)
        if isinstance(expr, sp.Symbol) and isinstance(known := self.env.get(expr.name), int):
            return known
        missing = [x for x in expr.free_symbols if str(x) not in self.env]
        if missing:
            raise UnknownName("size", str(missing[0]), self.env)
        value = expr.subs({x: sp.Rational(str(self.env[str(x)])) for x in expr.free_symbols})
        if not value.is_Integer:
            raise ShapeError(f"the size {expr} is {value}, not a whole number")
        return int(value)

    def _identity(self, expr: sp.Identity, frame: Frame) -> Any:
        return self.system.identity(self.size(expr.shape[0]))

    def _zero_matrix(self, expr: sp.ZeroMatrix, frame: Frame) -> Any:
        return self.system.zeros(*(self.size(x) for x in expr.shape))

    def _matadd(self, expr: sp.MatAdd, frame: Frame) -> Any:
        # symbols first: they tell the sizes that an identity may need
        args = sorted(expr.args, key=lambda a: not _matrices(a))
        return self.system.total([self.value(a, frame) for a in args])

    def _matmul(self, expr: sp.MatMul, frame: Frame) -> Any:
        scalars, factors = _split(expr)
        product = self.chain(tuple(factors), frame)
        if not scalars:
            return product
        return self.system.scale(self.system.product([self.value(c, frame) for c in scalars]), product)

    def _matpow(self, expr: Any, frame: Frame) -> Any:
        base, exponent = expr.args
        if not exponent.is_Integer:
            raise UnsupportedModel(f"the matrix power {expr} is not a whole power")
        if exponent.is_negative:
            base, exponent = sp.Inverse(base), -exponent
        return self.chain((base,) * int(exponent), frame)

    def chain(self, factors: tuple[sp.Basic, ...], frame: Frame) -> Any:
        """Product of matrices in a good order: vectors first, equal halves shared, inverses of vectors by solving."""
        if len(factors) == 1:
            return self.value(factors[0], frame)
        found = frame.memo.get(factors)
        if found is None:
            left, right = self._cut(factors, frame)
            found = frame.memo[factors] = self._times(left, right, frame)
        return found

    def _cut(self, factors: tuple[sp.Basic, ...], frame: Frame) -> tuple[tuple, tuple]:
        dims = [self.dimensions(factors[0], frame)[0], *(self.dimensions(f, frame)[1] for f in factors)]
        count = len(factors)
        if len(set(dims)) == 1:
            return factors[: count // 2], factors[count // 2 :]
        cost: dict[tuple[int, int], tuple[int, int]] = {(i, i + 1): (0, i) for i in range(count)}
        for length in range(2, count + 1):
            for i in range(count - length + 1):
                j = i + length
                cost[i, j] = min(
                    (cost[i, k][0] + cost[k, j][0] + dims[i] * dims[k] * dims[j], k) for k in range(i + 1, j)
                )
        cut = cost[0, count][1]
        return factors[:cut], factors[cut:]

    def dimensions(self, factor: Any, frame: Frame) -> tuple[int, int]:
        if isinstance(factor, sp.Transpose):
            return self.dimensions(factor.arg, frame)[::-1]
        if isinstance(factor, sp.Inverse):
            return self.dimensions(factor.arg, frame)
        return self.system.shape(self.value(factor, frame))

    def _times(self, left: tuple, right: tuple, frame: Frame) -> Any:
        if len(left) == 1 and isinstance(left[0], sp.Inverse) and left[0] not in frame.memo:
            vectors = self.chain(right, frame)
            if 8 * self.system.shape(vectors)[1] <= self.system.shape(vectors)[0]:
                return self.system.solve(self.value(left[0].arg, frame), vectors)
        if len(right) == 1 and isinstance(right[0], sp.Inverse) and right[0] not in frame.memo:
            vectors = self.chain(left, frame)
            if 8 * self.system.shape(vectors)[0] <= self.system.shape(vectors)[1]:
                matrix, flip = self.value(right[0].arg, frame), self.system.transpose
                return flip(self.system.solve(flip(matrix), flip(vectors)))
        return self.system.multiply(self.chain(left, frame), self.chain(right, frame))

    def _inverse(self, expr: sp.Inverse, frame: Frame) -> Any:
        return self.system.inverse(self.value(expr.arg, frame))

    def _transpose(self, expr: sp.Transpose, frame: Frame) -> Any:
        return self.system.transpose(self.value(expr.arg, frame))

    def _hadamard(self, expr: HadamardProduct, frame: Frame) -> Any:
        values = [self.value(a, frame) for a in expr.args]
        product = values[0]
        for value in values[1:]:
            product = self.system.hadamard(product, value)
        return product

    def _element(self, expr: Any, frame: Frame) -> Any:
        matrix, i, j = expr.args
        return self.system.entry(self.value(matrix, frame), self.size(i), self.size(j))

    def _sum(self, expr: sp.Sum, frame: Frame) -> Any:
        # sympy writes an entry of a product as an explicit sum over indices
        return self.value(sp.MatrixExpr.from_index_summation(expr), frame)

    def _diagonal_part(self, expr: DiagonalPart, frame: Frame) -> Any:
        scalars, factors = _split(expr.arg)
        if len(factors) == 1:
            diagonal = self.system.diagonal(self.value(factors[0], frame))
        else:
            left, right = self._cut(tuple(factors), frame)
            diagonal = self.system.diagonal_product(self.chain(left, frame), self.chain(right, frame))
        if not scalars:
            return diagonal
        return self.system.scale(self.system.product([self.value(c, frame) for c in scalars]), diagonal)

    def _trace(self, expr: sp.Trace, frame: Frame) -> Any:
        body = expr.arg
        if isinstance(body, sp.MatAdd):
            return self.system.total([self.value(sp.Trace(a), frame) for a in body.args])
        scalars, factors = _split(body)
        if len(factors) == 1:
            trace = self.system.trace(self.value(factors[0], frame))
        else:
            rows = [self.dimensions(f, frame)[0] for f in factors]
            first = rows.index(min(rows))
            turned = tuple(factors[first:] + factors[:first])
            left, right = self._cut(turned, frame)
            trace = self.system.trace_product(self.chain(left, frame), self.chain(right, frame))
        return self.system.product([*(self.value(c, frame) for c in scalars), trace])


@lru_cache(maxsize=4096)
def _matrices(expr: sp.Basic) -> frozenset[sp.MatrixSymbol]:
    """Matrix symbols of an expression, remembered: iterations evaluate the same one many times."""
    return frozenset(expr.atoms(sp.MatrixSymbol))


def _split(expr: Any) -> tuple[list[Any], list[Any]]:
    """Scalar coefficients and matrix factors of a product, nested products and whole powers spread out."""
    if isinstance(expr, sp.MatMul):
        scalars, factors = [], []
        for arg in expr.args:
            if _is_matrix(arg):
                inner_scalars, inner = _split(arg)
                scalars += inner_scalars
                factors += inner
            else:
                scalars.append(arg)
        return scalars, factors
    if isinstance(expr, sp.MatPow) and not isinstance(expr, sp.Inverse) and expr.exp.is_Integer and expr.exp > 0:
        scalars, factors = _split(expr.base)
        if not scalars:
            return [], factors * int(expr.exp)
    return [], [expr]


def _is_matrix(expr: Any) -> bool:
    return bool(getattr(expr, "is_Matrix", False))


_FUNCTIONS = frozenset(
    "exp log sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh erf erfc erfi gamma loggamma "
    "Abs sign Heaviside Max Min re im conjugate".split()
)

_RULES: dict[type, Callable[[Walk, Any, Frame], Any]] = {
    sp.Symbol: Walk._symbol,
    sp.Rational: Walk._rational,
    sp.Float: Walk._float,
    sp.NumberSymbol: Walk._constant,
    type(sp.I): Walk._constant,
    sp.Add: Walk._add,
    sp.Mul: Walk._mul,
    sp.Pow: Walk._pow,
    sp.Piecewise: Walk._piecewise,
    Relational: Walk._relation,
    Average: Walk._average,
    sp.MatrixSymbol: Walk._matrix_symbol,
    sp.MatrixBase: Walk._explicit,
    sp.Identity: Walk._identity,
    sp.ZeroMatrix: Walk._zero_matrix,
    sp.MatAdd: Walk._matadd,
    sp.MatMul: Walk._matmul,
    sp.MatPow: Walk._matpow,
    sp.Inverse: Walk._inverse,
    sp.Transpose: Walk._transpose,
    HadamardProduct: Walk._hadamard,
    type(sp.MatrixSymbol("M", 1, 1)[0, 0]): Walk._element,
    sp.Sum: Walk._sum,
    sp.Trace: Walk._trace,
    DiagonalPart: Walk._diagonal_part,
}
