"""Linear response by a source term: the derivative of the Dyson equation itself.

``tr Q A Q B`` is the derivative at t = 0 of ``tr (K - t A)^{-1} B``.  The product pencil of ``Q A Q B`` is the default
route; this one shares neither the linearisation nor the order parameters with it, so the two check each other.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from rmtsym.equivalent.dyson import Coupling, Dyson, OrderParameter
from rmtsym.equivalent.entry import Entry
from rmtsym.equivalent.realisation import Realisation
from rmtsym.errors import UnsupportedModel
from rmtsym.field.rational import Frac

__all__ = ["Response"]


class Response(Dyson):
    """Dyson equation of a closed pencil together with its derivative in a parameter at zero.

    With ``D = D0 + t D1`` the doubled matrix ``[[D0, D1], [0, D0]]`` has the inverse ``[[G0, G1], [0, G0]]``.
    """

    def __init__(self, pencil: Realisation, source: sp.Symbol) -> None:
        plain = Dyson(pencil)
        if plain.blocks:
            raise UnsupportedModel("a source term with free letters is not derived; use the product expression")
        self.field, self.letters, self.blocks = plain.field, plain.letters, []
        pencil, n = plain.pencil, plain.size
        self.size = 2 * n
        zero = self.field.zero

        def split(f: Frac) -> tuple[Frac, Frac]:
            at = {source: zero}
            return f.subs(at), f.diff(source).subs(at)

        self.base: dict[tuple[int, int], Frac] = {}
        for (i, j), x in plain.base.items():
            x0, x1 = split(x)
            self.base |= {(i, j): x0, (n + i, n + j): x0, (i, n + j): x1}
        self.base = {ij: x for ij, x in self.base.items() if x}
        # tau' = E[w G1] + E[w' G0]: three order parameters for each
        self.parameters, self.couplings = [], []
        for t in plain.parameters:
            w0, w1 = split(t.weight)
            self.parameters += [
                OrderParameter(t.row, t.col, w0, t.space),
                OrderParameter(t.row, n + t.col, w0, t.space),
                OrderParameter(t.row, t.col, w1, t.space),
            ]
        for c in plain.couplings:
            f0, f1 = split(c.factor)
            k = 3 * c.index
            self.couplings += [
                Coupling(c.row, c.col, f0, k),
                Coupling(n + c.row, n + c.col, f0, k),
                Coupling(c.row, n + c.col, f1, k),
                Coupling(c.row, n + c.col, f0, k + 1),
                Coupling(c.row, n + c.col, f0, k + 2),
            ]
        self.couplings = [c for c in self.couplings if c.factor]
        u = {j: split(x.det) for j, x in pencil.u.items()}
        v = {i: split(x.det) for i, x in pencil.v.items()}
        self.pencil = replace(
            pencil,
            e=Entry(split(pencil.e.det)[1]),
            rows=[*pencil.rows, *pencil.rows],
            cols=[*pencil.cols, *pencil.cols],
            L={ij: Entry(x) for ij, x in self.base.items()},
            u={j: Entry(x[0]) for j, x in u.items()} | {n + j: Entry(x[1]) for j, x in u.items() if x[1]},
            v={i: Entry(x[1]) for i, x in v.items() if x[1]} | {n + i: Entry(x[0]) for i, x in v.items()},
        )
        self._activate()
