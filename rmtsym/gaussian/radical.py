r"""Normal form of algebraic coefficients: rational functions in symbols and independent square roots.

The coefficients of Gaussian moments live in :math:`\mathbb{Q}(\pi,\sigma_x,\sigma_y,\rho,\ldots)[\sqrt{d_1},\ldots]`.
Reducing modulo :math:`r_i^2=d_i` and clearing radicals from the denominator gives zero for what is zero, which
sympy's own ``cancel`` does not (it treats a root and its square as unrelated).
"""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

__all__ = ["normal_roots", "rational", "reduced", "root", "split"]


@lru_cache(maxsize=4096)
def root(expression: sp.Expr) -> sp.Expr:
    """Square root with the squares of non-negative factors taken out and the rest expanded.

    >>> s, rho = sp.Symbol("s", positive=True), sp.Symbol("rho", real=True)
    >>> root(s**2 - rho**2 * s**2)
    s*sqrt(1 - rho**2)
    """
    constant, outer, inner = sp.S.One, sp.S.One, sp.S.One
    for part, power in ((sp.numer(sp.together(expression)), 1), (sp.denom(sp.together(expression)), -1)):
        content, factors = sp.factor_list(part)
        constant *= content**power
        for factor, multiplicity in factors:
            even, odd = divmod(multiplicity, 2)
            base = factor if factor.is_nonnegative else sp.Abs(factor)
            outer *= base ** (power * even)
            if odd:
                if factor.is_nonnegative:
                    outer *= sp.sqrt(factor) ** power
                else:
                    inner *= factor**power
    return outer * sp.sqrt(sp.expand(sp.numer(inner) * constant)) / sp.sqrt(sp.expand(sp.denom(inner)))


def _half_powers(expression: sp.Expr) -> list[sp.Expr]:
    return sorted({p.base for p in expression.atoms(sp.Pow) if _is_half_power(p)}, key=sp.default_sort_key)


def _is_half_power(expression: sp.Basic) -> bool:
    return isinstance(expression, sp.Pow) and expression.exp.is_Rational and expression.exp.q == 2


def normal_roots(expression: sp.Expr) -> sp.Expr:
    """The same expression with every square root of a fraction written as a fraction of square roots."""
    return expression.replace(_is_half_power, lambda e: root(e.base) ** (2 * e.exp))


@lru_cache(maxsize=16384)
def reduced(expression: sp.Expr) -> sp.Expr:
    """Normal form of a rational function in symbols, pi and square roots.

    >>> rho = sp.Symbol("rho", real=True)
    >>> reduced(rho**2 + sp.sqrt(1 - rho**2) ** 2 - 1)
    0
    >>> reduced(1 / sp.sqrt(1 - rho**2) - sp.sqrt(1 - rho**2) / (1 - rho**2))
    0
    """
    if expression.is_Atom:
        return expression
    bases = _half_powers(expression)
    if not bases:
        return sp.factor(expression)
    letters = [sp.Dummy(f"r{i}", positive=True) for i in range(len(bases))]
    table = dict(zip(bases, letters, strict=True))

    def free(power: sp.Pow) -> sp.Expr:
        return table[power.base] ** (2 * power.exp)

    plain = expression.replace(_is_half_power, free)
    numerator, denominator = sp.fraction(sp.together(plain))
    squares = list(zip(letters, bases, strict=True))
    numerator, denominator = _lowered(numerator, squares), _lowered(denominator, squares)
    for letter, base in squares:
        if not denominator.has(letter):
            continue
        poly = sp.Poly(denominator, letter)
        a, b = poly.nth(0), poly.nth(1)
        numerator = _lowered(sp.expand(numerator * (a - b * letter)), squares)
        denominator = _lowered(sp.expand(a**2 - b**2 * base), squares)
    if numerator == 0:
        return sp.S.Zero
    quotient = sp.factor(numerator / denominator)  # roots stay with the numerator
    back = {letter: sp.sqrt(base) for letter, base in squares}
    return quotient.xreplace(back)


def _lowered(polynomial: sp.Expr, squares: list[tuple[sp.Symbol, sp.Expr]]) -> sp.Expr:
    """Remainder modulo ``letter**2 - base`` in every letter."""
    result = sp.expand(polynomial)
    for letter, base in squares:
        if not result.has(letter):
            continue
        poly = sp.Poly(result, letter)
        terms = ((power, coefficient) for (power,), coefficient in poly.terms())
        result = sp.expand(sp.Add(*(c * base ** (k // 2) * letter ** (k % 2) for k, c in terms)))
    return result


def split(coefficient: sp.Expr) -> sp.Expr:
    """A coefficient in normal form as a sum over its radicals and powers of pi, each part factored.

    >>> x, rho = sp.symbols("x rho", positive=True)
    >>> split((sp.pi * rho * x + 2 * x * sp.sqrt(1 - rho**2)) / (4 * sp.pi))
    rho*x/4 + x*sqrt(1 - rho**2)/(2*pi)
    """
    numerator, denominator = sp.fraction(sp.together(coefficient))
    half = sp.sqrt(sp.pi)  # pi and sqrt(pi) are one letter and its square
    marks = [half, *(sp.sqrt(base) for base in _half_powers(numerator) if not base.is_number)]
    letters = [sp.Dummy(f"m{i}", positive=True) for i in range(len(marks))]
    plain = numerator.replace(
        lambda e: e == sp.pi or (isinstance(e, sp.Pow) and e.base == sp.pi and (2 * e.exp).is_Integer),
        lambda e: letters[0] ** (2 * e.as_base_exp()[1]),
    )
    plain = sp.expand(plain.xreplace(dict(zip(marks, letters, strict=True))))
    if any(plain.has(mark) for mark in marks) or any(
        e.has(*letters) for e in plain.atoms(sp.Function, sp.Pow) if not (e.is_Pow and e.exp.is_Integer)
    ):
        return coefficient  # a root inside another root or function: leave it whole
    parts = []
    for powers, part in sp.Poly(plain, *letters).terms():
        mark = sp.Mul(*(m**k for m, k in zip(marks, powers, strict=True)))
        parts.append(_inverted(rational(part / denominator), mark))
    return sp.Add(*parts)


def rational(expression: sp.Expr) -> sp.Expr:
    """Factored fraction, factors in the same symbols multiplied out, denominator with positive leading part.

    >>> rho, s = sp.Symbol("rho", real=True), sp.Symbol("s", positive=True)
    >>> rational(s / (rho - 1) / (rho + 1))
    -s/(1 - rho**2)
    """
    numerator, denominator = sp.fraction(sp.factor(expression))
    (sign, above), (flip, below) = _grouped(numerator), _grouped(denominator)
    return sign * flip * above / below


def _grouped(product: sp.Expr) -> tuple[int, sp.Expr]:
    """Sign and factors, each with positive leading part; (x - a)(x + a) is multiplied out."""
    groups: dict[tuple[frozenset[sp.Basic], sp.Expr], list[sp.Expr]] = {}
    plain = sp.S.One
    for factor in sp.Mul.make_args(product):
        base, exponent = factor.as_base_exp()
        if base.is_Add and exponent.is_Integer:
            groups.setdefault((frozenset(base.free_symbols), exponent), []).append(base)
        else:
            plain *= factor
    sign, result = 1, plain
    for (_, exponent), bases in groups.items():
        whole = sp.expand(sp.Mul(*bases)) if len(bases) > 1 else bases[0]
        for base in [whole] if len(sp.Add.make_args(whole)) <= 2 else bases:
            flip, positive = _turned(base)
            sign *= flip ** int(exponent)
            result *= positive**exponent
    return sign, result


def _turned(base: sp.Expr) -> tuple[int, sp.Expr]:
    constant = base.as_coeff_Add()[0]
    negative = sum(bool(term.could_extract_minus_sign()) for term in sp.Add.make_args(base))
    if constant.is_negative or (constant == 0 and 2 * negative > len(sp.Add.make_args(base))):
        return -1, sp.Mul(-1, base, evaluate=True).expand()
    return 1, base


def _inverted(quotient: sp.Expr, mark: sp.Expr) -> sp.Expr:
    """sqrt(d)/d as 1/sqrt(d)."""
    result = quotient * mark
    for base in _half_powers(mark):
        if base.is_number or quotient == 0:
            continue
        cancelled = rational(quotient * base)
        if sp.count_ops(sp.denom(cancelled)) < sp.count_ops(sp.denom(quotient)):
            result = cancelled * mark / base
            break
    return result
