r"""Gaussian means of the score of a convex loss, as expressions that are closed under differentiation.

With :math:`r=M+\sigma Z`, :math:`x=\mathrm{prox}_\delta(r)` and the score :math:`f(r)=-L'(x)=(x-r)/\delta`,

.. math:: \mu_{kj}=E[f(r)^k\,\mathrm{He}_j(Z)],\qquad
          \partial_M\mu_{kj}=\tfrac1\sigma\mu_{k,j+1},\quad
          \partial_\sigma\mu_{kj}=\tfrac1\sigma(\mu_{k,j+2}+j\mu_{kj}),\quad
          \partial_\delta\mu_{kj}=\tfrac k{(k+1)\sigma}\mu_{k+1,j+1}.

The first two are Gaussian integration by parts; the third says that the score obeys Burgers' equation,
:math:`\partial_\delta f=f\,\partial_rf`.  They hold for every convex loss, with kinks or without.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rmtsym.errors import DomainError
from rmtsym.field.bound import Bound
from rmtsym.risk.loss import Loss

__all__ = ["LossMean", "Score", "ScoreMean", "explicit"]


class Score(sp.Expr):
    """The score at a normal argument: loss, step of the proximal operator, mean and standard deviation.

    Parameters
    ----------
    loss : Bound
        Name under which a :class:`rmtsym.risk.Loss` is bound.
    delta, M, sigma : sympy expressions
    """

    is_commutative = True

    def __new__(cls, loss: Bound, delta: Any, M: Any, sigma: Any) -> Score:
        return super().__new__(cls, loss, *(sp.sympify(v) for v in (delta, M, sigma)))

    def _walk_value(self, walk: Any, frame: Any) -> Any:
        values = [walk.value(a, frame) for a in self.args]
        return walk.system.apply(_table, *values)

    def _sympystr(self, printer: Any) -> str:
        loss, delta, M, sigma = (printer._print(a) for a in self.args)
        return f"f_{loss}(delta = {delta}, r = {M} + {sigma}*Z)"


class _Mean(sp.Expr):
    is_commutative = True
    is_extended_real = True

    @property
    def score(self) -> Score:
        return self.args[0]  # type: ignore[return-value]


class ScoreMean(_Mean):
    r""":math:`E[f(r)^k\,\mathrm{He}_j(Z)]` for ``ScoreMean(score, k, j)``.

    Examples
    --------
    >>> from rmtsym.field.evaluate import evaluate
    >>> from rmtsym.risk import loss
    >>> d, M, s = sp.symbols("d M s", positive=True)
    >>> eta = ScoreMean(Score(Bound("loss"), d, M, s), 1)
    >>> float(evaluate(eta, {"loss": loss("square"), "d": 1, "M": 0.5, "s": 2}).round(12))  # (1 - M)/(1 + d)
    0.25
    """

    def __new__(cls, score: Score, k: Any = 1, j: Any = 0) -> sp.Expr:  # type: ignore[misc]
        if k == 0:
            return sp.Integer(int(j == 0))
        return super().__new__(cls, score, sp.Integer(k), sp.Integer(j))

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        score, k, j = self.args
        _, delta, M, sigma = score.args
        by = {
            M: ScoreMean(score, k, j + 1) / sigma,
            sigma: (ScoreMean(score, k, j + 2) + j * self) / sigma,
            delta: k / (k + 1) * ScoreMean(score, k + 1, j + 1) / sigma,
        }
        return sp.Add(*(v.diff(symbol) * slope for v, slope in by.items()))

    def _walk_value(self, walk: Any, frame: Any) -> Any:
        score, k, j = self.args
        return walk.system.apply(_moment, walk.value(score, frame), int(k), int(j))

    def _text(self, power: str, he: str) -> tuple[str, str]:
        k, j = self.args[1:]
        return ("" if k == 1 else power.format(k)), ("" if j == 0 else "Z" if j == 1 else he.format(j))

    def _sympystr(self, printer: Any) -> str:
        power, he = self._text("**{}", "He_{}(Z)")
        return f"E[f{power}{'*' + he if he else ''}]"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power, he = self._text("^{{{}}}", r"\mathrm{{He}}_{{{}}}(Z)")
        delta, M, sigma = (printer._print(a) for a in self.score.args[1:])
        body = rf"\mathbb{{E}}\!\left[f_{{{delta}}}{power}({M}+{sigma} Z)\,{he}\right]"
        return body if exp is None else rf"{body}^{{{exp}}}"


class LossMean(_Mean):
    r""":math:`E[L(\mathrm{prox}_\delta(r))]`."""

    def __new__(cls, score: Score) -> LossMean:
        return super().__new__(cls, score)

    def _walk_value(self, walk: Any, frame: Any) -> Any:
        return walk.system.apply(_loss, walk.value(self.score, frame))

    def _sympystr(self, printer: Any) -> str:
        return "E[L(prox(r))]"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        delta, M, sigma = (printer._print(a) for a in self.score.args[1:])
        body = rf"\mathbb{{E}}\!\left[L\left(\mathrm{{prox}}_{{{delta}}}({M}+{sigma} Z)\right)\right]"
        return body if exp is None else rf"{body}^{{{exp}}}"


def explicit(expression: Any, loss: Loss) -> Any:
    r"""The means of scores in an expression as polynomials, for a loss that is a polynomial of degree two.

    .. math:: L'(t)=\ell_0+qt:\qquad x=\frac{r-\delta\ell_0}{1+\delta q},\quad f=-\frac{\ell_0+qr}{1+\delta q} .

    Parameters
    ----------
    expression : sympy expression
        It may hold ``ScoreMean`` and ``LossMean`` nodes.
    loss : Loss

    Raises
    ------
    DomainError
        If the slope of the loss is not affine.

    Examples
    --------
    >>> from rmtsym.risk import loss
    >>> d, M, s = sp.symbols("d M s", positive=True)
    >>> explicit(ScoreMean(Score(Bound("loss"), d, M, s), 1, 1), loss("square"))
    -s/(d + 1)
    """
    slope, bend = loss.expression(1), loss.expression(2)
    if bend.free_symbols:
        raise DomainError("loss", loss.name, "a polynomial of degree two", "the means of other scores are integrals")
    z, at_zero = sp.Dummy("z"), slope.subs(loss.variable, 0)

    def mean(node: _Mean) -> sp.Expr:
        _, delta, M, sigma = node.score.args
        x = (M + sigma * z - delta * at_zero) / (1 + delta * bend)
        if isinstance(node, ScoreMean):
            k, j = node.args[1:]
            body = (-slope.subs(loss.variable, x)) ** k * sp.hermite_prob(j, z)
        else:
            body = loss.expression().subs(loss.variable, x)
        powers = sp.Poly(sp.expand(body), z).terms()
        return sp.factor(sum(c * sp.factorial2(i - 1) for (i,), c in powers if i % 2 == 0))

    return sp.sympify(expression).replace(lambda e: isinstance(e, _Mean), mean)


def _table(loss: Any, delta: Any, M: Any, sigma: Any) -> Any:
    """Means of powers of the score, in the kind of numbers that are given."""
    from rmtsym.risk import quadrature

    balls = any(type(v).__module__.startswith("flint") for v in (delta, M, sigma))
    return (quadrature.Balls if balls else quadrature.Floats)(loss, delta, M, sigma)


def _moment(table: Any, k: int, j: int) -> Any:
    return table.moment(k, j)


def _loss(table: Any) -> Any:
    return table.loss()
