r"""Elementary functions written by independent generators, so that a zero test knows their algebra.

.. math:: \arccos x=\tfrac\pi2-\arcsin x,\quad \cosh x=\tfrac12(e^x+e^{-x}),\quad e^{x+y}=e^xe^y,\quad
          \cos x=\frac{1-t^2}{1+t^2},\ \sin x=\frac{2t}{1+t^2},\ t=\tan\tfrac x2.

Each rule is an identity, and roots of primes that a prime field lacks become unknowns: what vanishes afterwards did so
before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import sympy as sp

from rmtsym.field.number_system import MERSENNE

__all__ = ["as_unknowns", "by_generators", "primes_under_roots"]

_HANDLED = (sp.acos, sp.cosh, sp.sinh, sp.tanh, sp.exp, sp.sin, sp.cos, sp.erfc)


class _Generator(sp.Function):
    """A value of which nothing is known but its argument."""


class _HalfTangent(_Generator):
    pass


class _Root(_Generator):
    """Square root of a prime."""


class _Exponential(_Generator):
    """``exp`` of its argument."""


def by_generators(expressions: Sequence[Any], prime: int = MERSENNE) -> list[Any]:
    """The expressions with elementary functions replaced by algebraically independent ones.

    Parameters
    ----------
    expressions : sequence of sympy expressions
        Those that meet in one zero test: exponents are measured in common units.
    prime : int
        Size of the field in which they will be evaluated.

    Examples
    --------
    >>> x, y = sp.symbols("x y")
    >>> (found,) = by_generators([sp.cosh(x) ** 2 - sp.sinh(x) ** 2])
    >>> sp.expand(found)
    1
    >>> (found,) = by_generators([sp.acos(x) + sp.acos(-x)])
    >>> sp.expand(found)
    pi
    """

    def by_primes(root: sp.Pow) -> sp.Expr:
        return _by_primes(root, prime)

    expressions = [e.replace(_is_root, by_primes) if any(map(_is_root, e.atoms(sp.Pow))) else e for e in expressions]
    if not any(e.has(*_HANDLED) for e in expressions):
        return expressions
    plain = [_without_synonyms(e) for e in expressions]
    units: dict[sp.Expr, int] = {}
    for term in (t for e in plain for f in e.atoms(sp.exp) for t in _terms(f.args[0])):
        number, tail = term.as_coeff_Mul()
        units[tail] = math.lcm(units.get(tail, 1), int(getattr(number, "q", 1)))

    def power(argument: sp.Expr) -> sp.Expr:
        factors = []
        for term in _terms(argument):
            number, tail = term.as_coeff_Mul()
            if number.is_Rational:
                factors.append(_Exponential(tail / units[tail]) ** (number * units[tail]))
            else:
                factors.append(_Exponential(term))
        return sp.Mul(*factors)

    return [e.replace(lambda f: isinstance(f, sp.exp), lambda f: power(f.args[0])) for e in plain]


def as_unknowns(expressions: Sequence[Any]) -> list[Any]:
    """The expressions with each generator an unknown of its own, its argument forgotten.

    There are more points then: what vanishes at all of them vanished before, and more relations can be solved.

    >>> x, y = sp.symbols("x y")
    >>> as_unknowns(by_generators([x * sp.exp(y)]))[0].free_symbols == {x, sp.Symbol("_Exponential(y)")}
    True
    """
    return [e.replace(lambda f: isinstance(f, _Generator), lambda f: sp.Symbol(str(f))) for e in expressions]


def primes_under_roots(expressions: Sequence[Any]) -> frozenset[int]:
    """Primes whose roots the expressions need.

    >>> sorted(primes_under_roots([sp.sqrt(sp.Rational(2, 3)) + 5 * sp.sqrt(8)]))
    [2, 3]
    """
    bases = {e.base for x in expressions for e in x.atoms(sp.Pow) if _is_root(e)}
    return frozenset(int(p) for base in bases for p, times in sp.factorrat(base).items() if p > 0 and times % 2)


def _is_root(e: Any) -> bool:
    return isinstance(e, sp.Pow) and e.base.is_Rational and e.exp.is_Rational and e.exp.q == 2


def _by_primes(root: sp.Pow, field: int) -> sp.Expr:
    """A half-integer power of a rational number, in roots of primes; those that the field lacks are unknowns."""
    power = int(root.exp.p)
    factors = [sp.S.One]
    for prime, times in sp.factorrat(root.base).items():
        whole, half = divmod(times * power, 2)
        exists = prime > 0 and pow(prime, (field - 1) // 2, field) == 1
        factors.append(sp.Integer(prime) ** whole * ((sp.sqrt(prime) if exists else _Root(prime)) if half else 1))
    return sp.Mul(*factors)


def _terms(argument: sp.Expr) -> tuple[sp.Expr, ...]:
    return sp.Add.make_args(sp.expand(argument))


def _without_synonyms(expr: Any) -> Any:
    if not expr.has(*_HANDLED):
        return expr
    rules = {
        sp.acos: lambda x: sp.pi / 2 - sp.asin(x),
        sp.erfc: lambda x: 1 - sp.erf(x),
        sp.cosh: lambda x: (sp.exp(x) + sp.exp(-x)) / 2,
        sp.sinh: lambda x: (sp.exp(x) - sp.exp(-x)) / 2,
        sp.tanh: lambda x: (sp.exp(2 * x) - 1) / (sp.exp(2 * x) + 1),
        sp.cos: lambda x: (1 - _HalfTangent(x / 2) ** 2) / (1 + _HalfTangent(x / 2) ** 2),
        sp.sin: lambda x: 2 * _HalfTangent(x / 2) / (1 + _HalfTangent(x / 2) ** 2),
    }
    return expr.replace(lambda f: type(f) in rules, lambda f: rules[type(f)](*f.args))
