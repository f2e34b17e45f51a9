r"""Gaussian moments of polynomial x exponential x half-space indicators.

.. math:: E\Big[p(u)\, e^{l\cdot u-\frac12 u^\top Q u} \prod_j 1\{h_j\cdot u > t_j\}\Big],\qquad u\sim N(\mu,\Sigma).

Everything symbolic.  The exponential is absorbed by a change of Gaussian measure; the polynomial is removed by
Stein's identity (integration by parts), whose boundary terms lose one half-space by conditioning; what remains are
orthant probabilities, which are elementary up to dimension one, and for zero thresholds up to dimension three.
A Gaussian distribution function Phi(a u + b) is a half-space of one more independent standard Gaussian letter, so
erf, gelu and their products need no separate theory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sympy as sp

from rmtsym.errors import UnsupportedModel
from rmtsym.gaussian.radical import reduced, root
from rmtsym.gaussian.special import BivariateNormal

__all__ = ["Combination", "HalfSpace", "gaussian_moment"]

Row = tuple[sp.Expr, ...]
Monomial = tuple[int, ...]
_ZERO, _ONE, _HALF = sp.S.Zero, sp.S.One, sp.S.Half


@dataclass(frozen=True)
class HalfSpace:
    """The event ``normal . u > threshold``."""

    normal: Row
    threshold: sp.Expr


class Combination(dict[sp.Expr, sp.Expr]):
    """Linear combination of transcendental atoms (1, asin, exp, erfc, ...) with algebraic coefficients."""

    def add(self, other: Mapping[sp.Expr, sp.Expr], factor: sp.Expr = _ONE) -> None:
        for atom, coefficient in other.items():
            self[atom] = self.get(atom, _ZERO) + factor * coefficient

    def times_exponential(self, exponent: sp.Expr) -> Combination:
        if exponent == 0:
            return self
        product = Combination()
        for atom, coefficient in self.items():
            product.add({merged_exponentials(atom * sp.exp(exponent)): coefficient})
        return product

    def reduced(self) -> Combination:
        """The same with every coefficient in normal form and zero coefficients dropped."""
        pairs = ((atom, reduced(coefficient)) for atom, coefficient in self.items())
        return Combination({atom: coefficient for atom, coefficient in pairs if coefficient != 0})


def merged_exponentials(atom: sp.Expr) -> sp.Expr:
    others, exponent = [], _ZERO
    for factor in sp.Mul.make_args(atom):
        if isinstance(factor, sp.exp):
            exponent += factor.args[0]
        else:
            others.append(factor)
    return sp.Mul(*others, sp.exp(tidy(exponent)))


def tidy(expression: sp.Expr) -> sp.Expr:
    """Factored rational function; anything with radicals goes through the radical normal form."""
    if expression.is_Atom:
        return expression
    return reduced(expression)


def _dot(left: Iterable[sp.Expr], right: Iterable[sp.Expr]) -> sp.Expr:
    return sp.Add(*(a * b for a, b in zip(left, right, strict=True) if a != 0 and b != 0))


def _image(matrix: Sequence[Row], vector: Row) -> Row:
    return tuple(_dot(row, vector) for row in matrix)


def gaussian_moment(
    polynomial: Mapping[Monomial, sp.Expr],
    mean: Sequence[sp.Expr],
    covariance: Sequence[Sequence[sp.Expr]],
    linear: Sequence[sp.Expr] | None = None,
    quadratic: Sequence[Sequence[sp.Expr]] | None = None,
    halfspaces: Iterable[HalfSpace] = (),
) -> Combination:
    """Moment of ``polynomial(u) exp(linear.u - u'quadratic u/2)`` on an intersection of half-spaces.

    Parameters
    ----------
    polynomial : mapping
        Exponents of the letters to symbolic coefficients.
    mean, covariance : sequences of sympy expressions
        Law of ``u``; the covariance may be singular.
    linear, quadratic : sequences, optional
        Exponent; entries of ``linear`` may be complex (cos and sin).
    halfspaces : iterable of HalfSpace

    Returns
    -------
    Combination
        Atoms and coefficients; their sum of products is the moment.

    Examples
    --------
    >>> positive = HalfSpace((sp.Integer(1),), sp.Integer(0))
    >>> gaussian_moment({(2,): sp.Integer(1)}, [0], [[1]], halfspaces=[positive])
    {1: 1/2}
    """
    size = len(mean)
    center = tuple(sp.sympify(m) for m in mean)
    sigma = tuple(tuple(sp.sympify(c) for c in row) for row in covariance)
    tilt = tuple(sp.sympify(c) for c in (linear or (0,) * size))
    factor, exponent = _ONE, _ZERO
    if quadratic is not None and any(entry != 0 for row in quadratic for entry in row):
        rows = tuple(tuple(sp.sympify(c) for c in row) for row in quadratic)
        q_center = _image(rows, center)
        exponent += _dot(tilt, center) - _dot(center, q_center) / 2
        tilt = tuple(a - b for a, b in zip(tilt, q_center, strict=True))
        curved = sp.eye(size) + sp.Matrix(rows) * sp.Matrix(sigma)
        determinant = tidy(curved.det(method="berkowitz"))
        factor = 1 / root(determinant)
        updated = (sp.Matrix(sigma) * curved.adjugate()) / determinant
        sigma = tuple(tuple(tidy(updated[i, j]) for j in range(size)) for i in range(size))
    else:
        exponent += _dot(tilt, center)
    if any(entry != 0 for entry in tilt):
        shift = _image(sigma, tilt)
        exponent += _dot(tilt, shift) / 2
        center = tuple(tidy(a + b) for a, b in zip(center, shift, strict=True))
    total = Combination()
    total.add(_moment(dict(polynomial), center, sigma, tuple(halfspaces)), factor)
    return total.times_exponential(tidy(exponent))


def _moment(
    polynomial: dict[Monomial, sp.Expr], mean: Row, sigma: tuple[Row, ...], halfspaces: tuple[HalfSpace, ...]
) -> Combination:
    """Moment under ``N(mean, sigma)``: centre the letters, then Stein's identity."""
    if any(m != 0 for m in mean):
        polynomial = _shifted(polynomial, mean)
        halfspaces = tuple(HalfSpace(h.normal, tidy(h.threshold - _dot(h.normal, mean))) for h in halfspaces)
    return _centred(polynomial, sigma, halfspaces)


def _shifted(polynomial: Mapping[Monomial, sp.Expr], mean: Row) -> dict[Monomial, sp.Expr]:
    result: dict[Monomial, sp.Expr] = dict(polynomial)
    for index, shift in enumerate(mean):
        if shift == 0:
            continue
        moved: dict[Monomial, sp.Expr] = defaultdict(lambda: _ZERO)
        for powers, coefficient in result.items():
            for kept in range(powers[index] + 1):
                target = (*powers[:index], kept, *powers[index + 1 :])
                moved[target] += coefficient * sp.binomial(powers[index], kept) * shift ** (powers[index] - kept)
        result = dict(moved)
    return result


def _centred(
    polynomial: Mapping[Monomial, sp.Expr], sigma: tuple[Row, ...], halfspaces: tuple[HalfSpace, ...]
) -> Combination:
    memo: dict[Monomial, Combination] = {}
    surfaces: list[tuple[HalfSpace, Row, sp.Expr]] = []
    for h in halfspaces:
        image = _image(sigma, h.normal)
        surfaces.append((h, image, tidy(_dot(h.normal, image))))
    conditioned: dict[tuple[int, Monomial], Combination] = {}

    def boundary(index: int, powers: Monomial) -> Combination:
        """Density of the surface ``h.u = t`` times the conditional moment on it."""
        if (index, powers) not in conditioned:
            h, image, variance = surfaces[index]
            mean = tuple(tidy(c * h.threshold / variance) for c in image)
            size = len(image)
            rest = tuple(
                tuple(tidy(sigma[i][j] - image[i] * image[j] / variance) for j in range(size)) for i in range(size)
            )
            others = halfspaces[:index] + halfspaces[index + 1 :]
            inner = Combination()
            inner.add(_moment({powers: _ONE}, mean, rest, others), 1 / (sp.sqrt(2 * sp.pi) * root(variance)))
            conditioned[index, powers] = inner.times_exponential(tidy(-(h.threshold**2) / (2 * variance)))
        return conditioned[index, powers]

    def moment(powers: Monomial) -> Combination:
        if powers in memo:
            return memo[powers]
        index = next((i for i, power in enumerate(powers) if power), None)
        if index is None:
            result = _probability(sigma, halfspaces)
        else:
            lowered = (*powers[:index], powers[index] - 1, *powers[index + 1 :])
            result = Combination()
            for k, power in enumerate(lowered):
                if power and sigma[index][k] != 0:
                    once = (*lowered[:k], power - 1, *lowered[k + 1 :])
                    result.add(moment(once), power * sigma[index][k])
            for j, (_, image, _) in enumerate(surfaces):
                if image[index] != 0:
                    result.add(boundary(j, lowered), image[index])
        memo[powers] = result.reduced()
        return memo[powers]

    total = Combination()
    for powers, coefficient in polynomial.items():
        if coefficient != 0:
            total.add(moment(powers), coefficient)
    return total


def upper_tail(argument: sp.Expr) -> Combination:
    """P(z > argument) of a standard Gaussian as a combination with erfc of an argument in canonical sign."""
    if argument == 0:
        return Combination({_ONE: _HALF})
    scaled = argument / sp.sqrt(2)
    if (scaled / sp.I).is_extended_real:  # erfc(ia) = 1 - i erfi(a)
        return Combination({_ONE: _HALF, sp.erfi(tidy(scaled / sp.I)): -sp.I / 2})
    if scaled.could_extract_minus_sign():
        return Combination({_ONE: _ONE, sp.erfc(-scaled): -_HALF})
    return Combination({sp.erfc(scaled): _HALF})


def _probability(sigma: tuple[Row, ...], halfspaces: tuple[HalfSpace, ...]) -> Combination:
    if not halfspaces:
        return Combination({_ONE: _ONE})
    standard: list[tuple[HalfSpace, sp.Expr, sp.Expr]] = []
    for h in halfspaces:
        variance = tidy(_dot(h.normal, _image(sigma, h.normal)))
        if variance == 0:  # the letter is fixed by conditioning
            sign = h.threshold.is_positive
            if sign is None:
                raise UnsupportedModel(f"cannot decide the sign of {h.threshold}; order the thresholds")
            if sign:
                return Combination()
            continue
        deviation = root(variance)
        standard.append((h, deviation, tidy(h.threshold / deviation)))
    if not standard:
        return Combination({_ONE: _ONE})
    if len(standard) == 1:
        return upper_tail(standard[0][2])

    def correlation(i: int, j: int) -> sp.Expr:
        covariance = _dot(standard[i][0].normal, _image(sigma, standard[j][0].normal))
        return tidy(covariance / (standard[i][1] * standard[j][1]))

    flat = all(t == 0 for _, _, t in standard)
    if len(standard) == 2:
        rho = correlation(0, 1)
        if rho == 0:
            return product(upper_tail(standard[0][2]), upper_tail(standard[1][2]))
        if abs(rho) == 1:
            raise UnsupportedModel("two half-spaces with parallel boundaries; merge their thresholds first")
        if flat:
            return Combination({_ONE: sp.Rational(1, 4), sp.asin(rho): 1 / (2 * sp.pi)})
        return Combination({BivariateNormal(-standard[0][2], -standard[1][2], rho): _ONE})
    if len(standard) == 3 and flat:
        result = Combination({_ONE: sp.Rational(1, 8)})
        for i, j in ((0, 1), (0, 2), (1, 2)):
            rho = correlation(i, j)
            result.add({sp.asin(rho): 1 / (4 * sp.pi)} if rho != 0 else {})
        return result
    raise UnsupportedModel(
        f"the probability of {len(standard)} half-spaces has no elementary closed form; "
        "ask for an enclosure (digits=...) instead"
    )


def product(left: Combination, right: Combination) -> Combination:
    result = Combination()
    for a, b in left.items():
        for c, d in right.items():
            result.add({merged_exponentials(a * c): b * d})
    return result
