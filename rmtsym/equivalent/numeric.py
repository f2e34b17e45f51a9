"""Numerical solution of the unreduced Dyson equation: an independent reference for the reduced systems."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.equivalent.dyson import Dyson
from rmtsym.equivalent.free import FreeBlock
from rmtsym.errors import NoConvergence, UnknownName
from rmtsym.field.measure import Atoms
from rmtsym.field.rational import Frac
from rmtsym.matrix import Space

__all__ = ["NumericDyson"]

SHIFT = 1e-10  # shift of a degenerate inverse in numerical references
_ROUNDING = 1e-13  # relative step at which Newton has reached double precision


class NumericDyson:
    """Dyson equation at numbers, solved by Newton with the exact Jacobian along a path of growing noise.

    Parameters
    ----------
    dyson : Dyson
    values : mapping from symbol to number
    measures : mapping from measure name to Atoms
    """

    def __init__(self, dyson: Dyson, values: Mapping[sp.Symbol, Any], measures: Mapping[str, Atoms]) -> None:
        self.dyson, self.measures = dyson, dict(measures)
        self.values = {s: complex(v) for s, v in values.items()}
        spaces = {t.space for t in dyson.parameters} | {dyson.pencil.out_rows}
        self.groups = {self._name(s): s for s in sorted(spaces, key=lambda s: s.name)}
        self.grids = {name: self._grid(space) for name, space in self.groups.items()}
        self.owner = [self._name(t.space) for t in dyson.parameters]
        self.taus = np.zeros(len(dyson.parameters), complex)

    @staticmethod
    def _name(space: Space) -> str:
        return space.measure.name if space.letters else ""

    def _atoms(self, space: Space) -> Atoms:
        try:
            return self.measures[space.measure.name]
        except KeyError:
            raise UnknownName("measure", space.measure.name, self.measures) from None

    def _grid(self, space: Space) -> dict[str, Any]:
        d = self.dyson
        row: dict[sp.Symbol, Any] = {**self.values}
        for other in (x for x in d.spaces if x.letters):
            atoms = self._atoms(other)
            row |= {x: complex(atoms.letters[str(x)][0]) for x in other.letters}
        weights = np.ones(1)
        if space.letters:
            atoms = self._atoms(space)
            weights = np.array([float(w) for w in atoms.weights])
            row |= {x: np.array([complex(v) for v in atoms.letters[str(x)]]) for x in space.letters}
        for x, root in getattr(d.field, "roots", {}).items():
            if x in row:
                row[root] = np.sqrt(row[x])
        count, size = len(weights), d.size

        def at(f: Frac) -> np.ndarray:
            return np.broadcast_to(np.asarray(f.evaluate(row, _number), complex), (count,))

        base = np.zeros((count, size, size), complex)
        for (i, j), x in d.base.items():
            base[:, i, j] = at(x)
        factors = np.array([at(c.factor) for c in d.couplings]).reshape(len(d.couplings), count)
        scale = np.array([at(t.weight) for t in d.parameters]).reshape(len(d.parameters), count)
        blocks = []
        for block in d.blocks:
            entries = np.zeros((count, len(block.rows), len(block.cols)), complex)
            if self._name(block.law) == self._name(space):
                for (i, j), x in block.entries.items():
                    entries[:, block.rows.index(i), block.cols.index(j)] = at(x)
            blocks.append(entries)
        ends = np.zeros((count, size, size), complex)
        for j, x in d.pencil.u.items():
            for i, y in d.pencil.v.items():
                ends[:, j, i] = at(x.det) * at(y.det)
        return {
            "weights": weights,
            "base": base,
            "factors": factors,
            "scale": scale,
            "ends": ends,
            "blocks": blocks,
            "constant": at(d.pencil.e.det),
        }

    def _scale(self, index: int, noise: float) -> float:
        """Gaussian couplings are proportional to the noise; the matrix r of a free letter carries its own."""
        return noise if self.dyson.parameters[index].block is None else 1.0

    def resolvent(self, name: str, taus: np.ndarray, noise: float) -> np.ndarray:
        grid = self.grids[name]
        D = grid["base"].copy()
        for c, factor in zip(self.dyson.couplings, grid["factors"], strict=True):
            D[:, c.row, c.col] -= self._scale(c.index, noise) * factor * taus[c.index]
        return np.linalg.inv(D)

    def step(self, taus: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray]:
        """Image of the order parameters and its Jacobian."""
        d = self.dyson
        image = np.zeros(len(taus), complex)
        jacobian = np.zeros((len(taus), len(taus)), complex)
        resolvents = {name: self.resolvent(name, taus, noise) for name in self.groups}
        for number, block in enumerate(d.blocks):
            self._subordinate(number, block, taus, noise, image, jacobian)
        scale = np.array([self._scale(c.index, noise) for c in d.couplings])
        target = np.array([c.index for c in d.couplings], int)
        rows = [c.row for c in d.couplings]
        cols = [c.col for c in d.couplings]
        for name, G in resolvents.items():
            grid = self.grids[name]
            for k, t in enumerate(d.parameters):
                if t.block is not None or self.owner[k] != name:
                    continue
                w = grid["weights"] * grid["scale"][k]
                image[k] = w @ G[:, t.row, t.col]
                slopes = np.einsum("a,ac,ca,ac->c", w, G[:, t.row, rows], grid["factors"], G[:, cols, t.col])
                np.add.at(jacobian[k], target, scale * slopes)
        return image, jacobian

    def _subordinate(
        self, number: int, block: FreeBlock, taus: np.ndarray, noise: float, image: np.ndarray, jacobian: np.ndarray
    ) -> None:
        """Law of the matrix r of a free letter, ``r = -E[(1 + (r + c) g)^{-1} c]``, and its Jacobian."""
        grid = self.grids[self._name(block.law)]
        c, w = noise * grid["blocks"][number], grid["weights"]
        r = np.zeros(c.shape[1:], complex)
        g = np.zeros(c.shape[:0:-1], complex)
        rows, cols = block.rows, block.cols
        for (i, j), k in block.r.items():
            r[rows.index(i), cols.index(j)] = taus[k]
        for (j, i), k in block.g.items():
            g[cols.index(j), rows.index(i)] = taus[k]
        M = np.linalg.inv(np.eye(len(rows)) + (r + c) @ g)
        right = M @ c
        for (i, j), k in block.r.items():
            a, b = rows.index(i), cols.index(j)
            image[k] = -(w @ right[:, a, b])
            for (p, q), m in block.r.items():
                jacobian[k, m] += w @ (M[:, a, rows.index(p)] * (g @ right)[:, cols.index(q), b])
            for (q, p), m in block.g.items():
                left = M @ (r + c)
                jacobian[k, m] += w @ (left[:, a, cols.index(q)] * right[:, rows.index(p), b])

    def solve(self, noise: float = 1.0, start: float = 0.0) -> np.ndarray:
        """Order parameters on the branch that starts without noise.

        Raises
        ------
        NoConvergence
            If the path cannot be followed.
        """
        taus, level = self.step(np.zeros_like(self.taus), 0.0)[0], start
        stride = noise / 8
        while level < noise:
            target = min(noise, level + stride)
            found = self._newton(taus, target)
            if found is None:
                stride /= 2
                if stride < noise * 1e-7:
                    raise NoConvergence(
                        f"the noise path stops at {level:.3g} of {noise:.3g}; try a larger imaginary part"
                    )
                continue
            taus, level = found, target
            stride *= 1.5
        self.taus = taus
        return taus

    def _newton(self, taus: np.ndarray, noise: float) -> np.ndarray | None:
        x, last = taus.copy(), np.inf
        for _ in range(12):
            try:
                image, jacobian = self.step(x, noise)
                move = np.linalg.solve(np.eye(len(x)) - jacobian, image - x)
            except np.linalg.LinAlgError:
                return None
            scale = np.abs(x) + np.abs(move)  # an order parameter that is zero counts on the scale of the others
            size = float(np.max(np.abs(move) / (scale + 1e-3 * scale.max(initial=1e-300)), initial=0.0))
            if size > 0.5 or size > 2 * last:
                return None
            x, last = x + move, max(size, 1e-8)
            if size < _ROUNDING:
                return x
        return x if last <= 1e-8 else None

    def output(self, noise: float = 1.0) -> complex:
        """Normalised trace of the expression."""
        name = self._name(self.dyson.pencil.out_rows)
        grid = self.grids[name]
        G = self.resolvent(name, self.taus, noise)
        return complex(grid["weights"] @ (np.einsum("kij,kij->k", grid["ends"], G) + grid["constant"]))


def reference(derived: Any, point: Mapping[str, Any]) -> complex:
    """Output of a derivation at a point, from the unreduced Dyson equation.

    A degenerate inverse is shifted, and the shift is lowered to :data:`SHIFT` once the noise is on.
    """
    dyson: Dyson = derived.dyson
    roots = getattr(dyson.field, "roots", {})
    back = {r: s for s, r in roots.items()}
    values: dict[sp.Symbol, Any] = {}
    shift: sp.Symbol | None = None
    for s in dyson.field.symbols:
        name = str(back.get(s, s))
        if name in point:
            values[back.get(s, s)] = point[name]
        elif s not in dyson.letters and isinstance(s, sp.Dummy):
            shift = s
        elif s not in dyson.letters and s in dyson.symbols:
            raise UnknownName("parameter", name, point)
    measures = {str(k): v for k, v in point.items() if isinstance(v, Atoms)}
    degenerate = any(x.has(shift) for x in dyson.base.values())
    level = 1.0
    solver = NumericDyson(dyson, {**values, shift: level}, measures)
    taus = solver.solve()
    while degenerate and level > SHIFT:
        level /= 2
        solver = NumericDyson(dyson, {**values, shift: level}, measures)
        found = solver._newton(taus, 1.0)
        if found is None:
            raise NoConvergence(f"the shift of the degenerate inverse cannot be lowered below {2 * level:.3g}")
        taus = solver.taus = found
    return solver.output()


def _number(value: Fraction) -> complex:
    return complex(float(value))


def physical_point(
    derived: Any, measures: Mapping[str, Atoms], values: Mapping[str, Any], rng: np.random.Generator
) -> tuple[dict[sp.Symbol, complex], complex]:
    """Unknowns of the reduced system and the output at a random point where the physical solution is beyond doubt."""
    dyson: Dyson = derived.dyson
    roots = getattr(dyson.field, "roots", {})
    back = {r: s for s, r in roots.items()}
    numbers: dict[sp.Symbol, Any] = {}
    for s in dyson.field.symbols:
        plain = back.get(s, s)
        if s in dyson.letters:
            continue
        if str(plain) in values:
            numbers[plain] = complex(values[str(plain)])
        elif isinstance(plain, sp.Dummy):
            numbers[plain] = 0.0
        elif plain == derived.spectral:
            numbers[plain] = complex(rng.uniform(-2, 2), rng.uniform(3, 6))
        elif plain == derived.ridge:
            numbers[plain] = rng.uniform(1, 3)
        else:
            numbers[plain] = rng.uniform(0.5, 2)
    shift = next((s for s in numbers if isinstance(s, sp.Dummy)), None)
    if shift is not None and any(x.has(shift) for x in dyson.base.values()):
        raise NoConvergence("no physical point without the shift of a degenerate inverse")
    solver = NumericDyson(dyson, numbers, measures)
    taus = solver.solve()
    point = {**solver.values, **{s: complex(taus[k]) for k, s in derived.symbols.items()}}
    for s, r in roots.items():
        if s in point:
            point[r] = np.sqrt(point[s])
    unknowns = {
        s: complex(f.evaluate({t: v for t, v in point.items() if t in f.field}))
        for s, f in derived.laws.definitions.items()
        if s in derived.laws.unknowns
    }
    return {**point, **unknowns}, solver.output()
