"""A Gaussian moment together with its evidence: closed form, value, certificate."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from rmtsym.gaussian.function import Function

__all__ = ["Moment"]


@dataclass(frozen=True, eq=False)
class Moment:
    r"""The moment :math:`E\prod_i f_i(u_i)`, :math:`u\sim N(\mu,\Sigma)`.

    Parameters
    ----------
    factors, mean, covariance : the definition
    expr : sympy expression or None
        Closed form; None where there is none.
    definition : str
        LaTeX of the left-hand side.
    """

    factors: tuple[Function, ...]
    mean: tuple[sp.Expr, ...]
    covariance: tuple[tuple[sp.Expr, ...], ...]
    expr: sp.Expr | None
    definition: str = ""

    @property
    def name(self) -> str:
        return " * ".join(f.name for f in self.factors)
