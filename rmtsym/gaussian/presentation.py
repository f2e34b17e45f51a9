r"""Writing a combination of transcendental atoms as one readable formula."""

from __future__ import annotations

import sympy as sp

from rmtsym.gaussian.halfspace import Combination, merged_exponentials
from rmtsym.gaussian.radical import normal_roots, rational, reduced, split
from rmtsym.gaussian.special import BivariateNormal

__all__ = ["presented", "simplified"]


def presented(combination: Combination) -> sp.Expr:
    """Sum of atoms with coefficients in normal form; conjugate exponentials become cosh, sinh, cos, sin.

    >>> x = sp.Symbol("x", positive=True)
    >>> presented(Combination({sp.exp(x): sp.Rational(1, 2), sp.exp(-x): sp.Rational(1, 2)}))
    cosh(x)
    """
    return sp.Add(*(atom * split(coefficient) for atom, coefficient in _paired(combination.reduced()).items()))


def _paired(combination: Combination) -> Combination:
    """exp(A+D) and exp(A-D) with equal or opposite coefficients as 2 exp(A) cosh(D) or 2 exp(A) sinh(D)."""
    result = Combination()
    pending = [(atom.args[0], c) for atom, c in combination.items() if isinstance(atom, sp.exp)]
    result.add({atom: c for atom, c in combination.items() if not isinstance(atom, sp.exp)})
    pending.sort(key=lambda item: sp.default_sort_key(item[0]))
    while pending:
        exponent, coefficient = pending.pop(0)
        for position, (other, weight) in enumerate(pending):
            even, odd = reduced(coefficient - weight) == 0, reduced(coefficient + weight) == 0
            if not (even or odd):
                continue
            middle, half = sp.expand((exponent + other) / 2), sp.expand((exponent - other) / 2)
            if not _proper(middle, half):
                continue
            half, turned = rational(half), sp.cosh if even else sp.sinh
            atom = sp.exp(rational(middle)) * turned(half)
            constant, rest = atom.as_coeff_Mul()
            for unit in (sp.I, -sp.I):
                if rest.has(sp.I) and not (rest / unit).has(sp.I):
                    constant, rest = constant * unit, rest / unit
            result.add({rest: 2 * coefficient * constant})
            del pending[position]
            break
        else:
            result.add({sp.exp(exponent): coefficient})
    return Combination({_neat(atom): coefficient for atom, coefficient in result.items()})


def _neat(atom: sp.Expr) -> sp.Expr:
    """Arguments of the transcendental functions as neat fractions."""
    return atom.replace(
        lambda e: isinstance(e, (sp.exp, sp.erfc, sp.asin, BivariateNormal)) and not e.is_number,
        lambda e: e.func(*(split(a) for a in e.args)),
    )


def _proper(middle: sp.Expr, half: sp.Expr) -> bool:
    """Whether the pair differs by a sign of a cross term, so that writing it as cosh or cos is natural."""
    if half.has(sp.I) or middle == 0:
        return True
    return (
        not set(sp.Add.make_args(sp.expand(middle))) & set(sp.Add.make_args(half)) and len(sp.Add.make_args(half)) == 1
    )


def simplified(expression: sp.Expr) -> sp.Expr:
    """Normal form of a closed form after differentiation or substitution: collected by transcendental atoms."""
    combination = Combination()
    for term in sp.Add.make_args(sp.expand(normal_roots(expression), power_exp=False)):
        coefficient, atom = term.as_independent(sp.asin, sp.exp, sp.erfc, sp.cosh, sp.sinh, sp.cos, sp.sin, sp.erfi,
                                                BivariateNormal)  # fmt: skip
        combination.add({merged_exponentials(atom): coefficient})
    return sp.Add(*(_neat(atom) * split(c) for atom, c in combination.reduced().items()))
