"""Matrix Dyson equation on order parameters, with exact identification of equal ones.

``G = (L0 - S[G])^{-1}`` closes on the order parameters ``tau = E_space[C G_jl]``, one for each pair of occurrences of
one random matrix.  The equation has exactly one solution that is a formal power series in the noise; it is computed
modulo a prime to conjecture which order parameters are equal, proportional or zero.  A conjecture that turns the
equation into itself is then a theorem, and that is checked as an identity of rational functions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from types import MappingProxyType

import sympy as sp
from flint import nmod, nmod_mat

from rmtsym.equivalent.blocks import Degenerate, block_inverse
from rmtsym.equivalent.free import FreeBlock, free_blocks, isolated
from rmtsym.equivalent.multiplier import leading
from rmtsym.equivalent.realisation import Realisation
from rmtsym.field.rational import Field, Frac
from rmtsym.matrix import Gaussian, Space, Wigner

__all__ = ["Coupling", "Dyson", "Identification", "OrderParameter", "couple"]

PRIME = 2**61 - 1
ORDERS = 5  # of the noise series used to conjecture; the proof does not depend on it
ATOMS = 3  # spectral atoms at which the series is computed


def residue(*key: object) -> int:
    """A fixed pseudo-random nonzero residue for a name."""
    digest = hashlib.sha256(repr(tuple(map(str, key))).encode()).digest()
    return int.from_bytes(digest[:16], "big") % (PRIME - 1) + 1


@dataclass(frozen=True)
class OrderParameter:
    """``tau = E_space[weight * G_(row,col)]``; with a ``block``, the entry of the matrix r of that free letter."""

    row: int
    col: int
    weight: Frac
    space: Space
    block: FreeBlock | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Coupling:
    """``S[G]`` has ``factor * tau[index]`` at ``(row, col)``."""

    row: int
    col: int
    factor: Frac
    index: int


@dataclass(frozen=True)
class Identification:
    """``tau[index] = ratio * tau[representative]``; ``None`` stands for zero."""

    index: int
    representative: int | None
    ratio: Frac | None


class Dyson:
    """Dyson equation of a closed pencil.

    Parameters
    ----------
    pencil : Realisation
        With deterministic ends u and v; its coefficients are commuting functions.

    Raises
    ------
    Degenerate
        If the pencil is singular when all random matrices are replaced by zero.
    """

    chosen: Mapping[sp.Symbol, Sequence[int]] = MappingProxyType({})
    chosen_weights: Mapping[str, Sequence[int]] = MappingProxyType({})

    def __init__(self, pencil: Realisation) -> None:
        self.pencil = pencil = isolated(pencil)
        self.size = pencil.size
        self.field = pencil.coefficients.field
        self.letters = pencil.coefficients.letters
        self.base = {ij: x.det for ij, x in pencil.L.items() if x.det}
        self.blocks = free_blocks(pencil)
        self.parameters, self.couplings = couple(pencil, self.blocks)
        self._activate()

    @property
    def spaces(self) -> tuple[Space, ...]:
        """Spaces of the pencil, of its output and of its order parameters, sorted by name."""
        p = self.pencil
        found = {p.out_rows, *p.rows, *p.cols, *(t.space for t in self.parameters)}
        return tuple(sorted(found, key=lambda space: space.name))

    @property
    def symbols(self) -> set[sp.Symbol]:
        """Generators of the field that occur."""
        p = self.pencil
        used = [p.e.det, *self.base.values(), *(x.det for x in (*p.u.values(), *p.v.values()))]
        used += [c.factor for c in self.couplings] + [t.weight for t in self.parameters]
        used += [x for block in self.blocks for x in block.entries.values()]
        return set().union(*(x.symbols for x in used))

    # --------------------------------------------------------------------------------- values in the prime field

    def point(self, atom: int) -> dict[sp.Symbol, int]:
        """Residues of the parameters and of the letters at one atom."""
        point = {s: residue(s, atom) if s in self.letters else residue(s) for s in self.field.symbols}
        return point | {s: values[atom] for s, values in self.chosen.items()}

    def matrix(self, base: nmod_mat, factors: Sequence[int], taus: Sequence[int]) -> nmod_mat:
        D = nmod_mat(base)
        for c, factor in zip(self.couplings, factors, strict=True):
            D[c.row, c.col] = D[c.row, c.col] - factor * taus[c.index]
        return D

    def numbers(self, atom: int) -> tuple[nmod_mat, list[int], list[int]]:
        """L0, coupling factors and weights at one atom."""
        point = self.point(atom)
        base = nmod_mat(self.size, self.size, PRIME)
        for (i, j), x in self.base.items():
            base[i, j] = x.modulo(point, PRIME)
        factors = [c.factor.modulo(point, PRIME) for c in self.couplings]
        weights = [t.weight.modulo(point, PRIME) for t in self.parameters]
        return base, factors, weights

    def images(self, atom: int, G: nmod_mat, taus: Sequence[int], weights: Sequence[int]) -> list[int]:
        """Integrands of all order parameters at one atom."""
        images = [
            weights[k] * int(G[t.row, t.col]) % PRIME if t.block is None else 0 for k, t in enumerate(self.parameters)
        ]
        point = self.point(atom)
        for block in self.blocks:
            c = {ij: nmod(x.modulo(point, PRIME), PRIME) for ij, x in block.entries.items()}
            found = block.image(lambda k: nmod(taus[k], PRIME), c, nmod(1, PRIME), nmod(0, PRIME), _inverse_modulo)
            for ij, k in block.r.items():
                images[k] = int(found[ij])
        return images

    def _activate(self) -> None:
        """Keep the order parameters that are not structurally zero."""
        base, factors, _ = self.numbers(0)
        taus = [0] * len(self.parameters)
        while True:
            try:
                G = self.matrix(base, factors, taus).inv()
            except ZeroDivisionError:
                raise Degenerate("the pencil is singular without noise") from None
            images = self.images(0, G, taus, [1] * len(taus))
            new = [k for k in range(len(taus)) if not taus[k] and images[k]]
            if not new:
                break
            for k in new:
                taus[k] = residue("tau", k)
        kept = [k for k in range(len(taus)) if taus[k]]
        where = {k: i for i, k in enumerate(kept)}
        self.parameters = [self.parameters[k] for k in kept]
        self.couplings = [Coupling(c.row, c.col, c.factor, where[c.index]) for c in self.couplings if c.index in where]
        for block in self.blocks:
            block.g = {ji: where[k] for ji, k in block.g.items() if k in where}
            block.r = {ij: where[k] for ij, k in block.r.items() if k in where}

    def _weights(self, space: Space) -> list[int]:
        """Residues of the weights of a space; they sum to one."""
        if space.measure.name in self.chosen_weights:
            return list(self.chosen_weights[space.measure.name])
        front = [residue("weight", space.measure.name, a) for a in range(ATOMS - 1)]
        return [*front, (1 - sum(front)) % PRIME]

    def output_series(self, orders: int = ORDERS) -> tuple[int, ...]:
        """Coefficients of the normalised trace in powers of the noise, in the prime field."""
        _, resolvents = self._expand(orders)
        p = self.pencil
        weights = self._weights(p.out_rows)
        result = [0] * orders
        for a in range(ATOMS):
            point = self.point(a)
            result[0] += weights[a] * p.e.det.modulo(point, PRIME)
            for j, x in p.u.items():
                for i, y in p.v.items():
                    ends = weights[a] * x.det.modulo(point, PRIME) * y.det.modulo(point, PRIME)
                    for order in range(orders):
                        result[order] += ends * int(resolvents[a][order][j, i])
        return tuple(x % PRIME for x in result)

    def assigned(self, values: Mapping[sp.Symbol, Sequence[int]], weights: Mapping[str, Sequence[int]]) -> Dyson:
        """The same equation at chosen residues: of every symbol at the atoms, and of the weights by measure."""
        other = copy(self)
        other.chosen = dict(values)
        other.chosen_weights = dict(weights)
        return other

    def series(self, orders: int = ORDERS) -> list[tuple[int, ...]]:
        """Coefficients of every order parameter in powers of the noise, in the prime field."""
        return self._expand(orders)[0]

    def _expand(self, orders: int) -> tuple[list[tuple[int, ...]], list[list[nmod_mat]]]:
        atoms = [self.numbers(a) for a in range(ATOMS)]
        weights = [self._weights(t.space) for t in self.parameters]
        start = [base.inv() for base, _, _ in atoms]
        G = [[g] for g in start]
        taus: list[list[int]] = [[] for _ in self.parameters]
        S: list[list[nmod_mat]] = [[] for _ in range(ATOMS)]
        for order in range(orders):
            for k, t in enumerate(self.parameters):
                if t.block is None:
                    terms = (weights[k][a] * atoms[a][2][k] * int(G[a][order][t.row, t.col]) for a in range(ATOMS))
                    taus[k].append(sum(terms) % PRIME)
            for block in self.blocks:
                self._extend(block, taus, weights, order)
            if order + 1 == orders:
                break
            for a in range(ATOMS):
                step = nmod_mat(self.size, self.size, PRIME)
                for c, factor in zip(self.couplings, atoms[a][1], strict=True):
                    step[c.row, c.col] = step[c.row, c.col] + factor * taus[c.index][order]
                S[a].append(step)
                total = nmod_mat(self.size, self.size, PRIME)
                for r in range(order + 1):
                    total = total + S[a][r] * G[a][order - r]
                G[a].append(start[a] * total)
        return [tuple(t) for t in taus], G

    def _extend(self, block: FreeBlock, taus: list[list[int]], weights: list[list[int]], order: int) -> None:
        """Next coefficient of r; as it starts at order one, its list is shifted by one against the others."""
        if not block.r:
            return
        rows, cols = block.rows, block.cols
        size = len(rows)

        def matrix(entries: Mapping[tuple[int, int], int], above: list[int], across: list[int]) -> nmod_mat:
            flat = [entries.get((i, j), 0) for i in above for j in across]
            return nmod_mat(len(above), len(across), flat, PRIME)

        g = [matrix({ji: taus[k][q] for ji, k in block.g.items()}, cols, rows) for q in range(order + 1)]
        r = [matrix({ij: taus[k][q] for ij, k in block.r.items()}, rows, cols) for q in range(order)]
        total = nmod_mat(size, len(cols), PRIME)
        w = weights[next(iter(block.r.values()))]
        for a in range(ATOMS):
            point = self.point(a)
            c = matrix({ij: x.modulo(point, PRIME) for ij, x in block.entries.items()}, rows, cols)
            step = [x + c if q == 0 else x for q, x in enumerate(r)] or [c]  # coefficients of (r + c) from order one
            one = matrix({(i, i): 1 for i in rows}, rows, rows)
            K = [one]
            for q in range(1, order + 1):
                nxt = nmod_mat(size, size, PRIME)
                for s in range(1, q + 1):
                    if s - 1 < len(step):
                        inner = nmod_mat(size, size, PRIME)
                        for t in range(q - s + 1):
                            inner = inner + g[t] * K[q - s - t]
                        nxt = nxt - step[s - 1] * inner
                K.append(nxt)
            total = total - (K[order] * c) * w[a]
        for (i, j), k in block.r.items():
            taus[k].append(int(total[rows.index(i), cols.index(j)]))

    # ---------------------------------------------------------------------------------------------- exact form

    def exact(
        self, identifications: Iterable[Identification], symbols: Mapping[int, sp.Symbol]
    ) -> tuple[Field, dict[int, Frac], dict[Space, Frac]]:
        """Integrands of all order parameters and of the output, over the representatives' symbols.

        Returns
        -------
        field, integrands by index, output integrands by space
        """
        field = self.field.extend(symbols.values())
        taus: dict[int, Frac] = {}
        for x in identifications:
            taus[x.index] = (
                field.zero if x.representative is None else field(x.ratio) * field.gen(symbols[x.representative])
            )
        D = {ij: field(x) for ij, x in self.base.items()}
        for c in self.couplings:
            if not taus[c.index]:
                continue
            total = D.get((c.row, c.col), field.zero) - field(c.factor) * taus[c.index]
            D[c.row, c.col] = total
        D = {ij: x for ij, x in D.items() if x}
        G = block_inverse(D, self.size, field)
        integrands = {
            k: field(t.weight) * G.get((t.row, t.col), field.zero)
            for k, t in enumerate(self.parameters)
            if t.block is None
        }
        for block in self.blocks:
            entries = {ij: field(x) for ij, x in block.entries.items()}
            found = block.image(
                taus.__getitem__, entries, field.one, field.zero, lambda m, n: _inverse_exact(m, n, field)
            )
            integrands |= {k: found[ij] for ij, k in block.r.items()}
        p = self.pencil
        value = field(p.e.det)
        for j, left in p.u.items():
            for i, right in p.v.items():
                if (j, i) in G:
                    value = value + field(left.det) * G[j, i] * field(right.det)
        return field, integrands, {p.out_rows: value}


def _inverse_modulo(entries: Mapping[tuple[int, int], nmod], size: int) -> dict[tuple[int, int], nmod]:
    matrix = nmod_mat(size, size, [int(entries[a, b]) for a in range(size) for b in range(size)], PRIME).inv()
    return {(a, b): matrix[a, b] for a in range(size) for b in range(size)}


def _inverse_exact(entries: Mapping[tuple[int, int], Frac], size: int, field: Field) -> dict[tuple[int, int], Frac]:
    return block_inverse({ij: x for ij, x in entries.items() if x}, size, field)


def couple(pencil: Realisation, blocks: Sequence[FreeBlock]) -> tuple[list[OrderParameter], list[Coupling]]:
    """Order parameters and couplings of all admissible pairs of occurrences of one random matrix."""
    field, letters = pencil.coefficients.field, pencil.coefficients.letters
    occurrences = list(pencil.occurrences())
    found: dict[tuple, int] = {}
    parameters: list[OrderParameter] = []
    scales: list[Frac] = []
    couplings: dict[tuple[int, int, int], Frac] = {}
    for i, j, letter, transposed, a1, b1 in occurrences:
        if not isinstance(letter, (Gaussian, Wigner)):
            continue
        for k, m, other, flipped, a2, b2 in occurrences:
            if other != letter or (not isinstance(letter, Wigner) and flipped == transposed):
                continue
            inner = letter.rows if transposed else letter.cols
            front = leading(a2 * b1, letters)
            weight = a2 * b1 * front.inverse()
            key = (j, k, weight, inner)
            if key not in found:
                # the parameters in a weight stay with it, so that scaling rows of the pencil changes nothing
                scale = front / front.factors()[0]
                found[key] = len(parameters)
                scales.append(scale)
                parameters.append(OrderParameter(j, k, weight * scale, inner))
            size = field(letter.variance) * field(inner.size) * front / scales[found[key]]
            factor = a1 * b2 * size
            where = (i, m, found[key])
            couplings[where] = couplings[where] + factor if where in couplings else factor
    for block in blocks:
        for i in block.rows:
            for j in block.cols:
                key = (j, i, None, block.space)
                if key not in found:
                    found[key] = len(parameters)
                    parameters.append(OrderParameter(j, i, field.one, block.space))
                    scales.append(field.one)
                block.g[j, i] = found[key]
                block.r[i, j] = len(parameters)
                couplings[i, j, len(parameters)] = field.one
                parameters.append(OrderParameter(i, j, field.one, block.law, block))
                scales.append(field.one)
    return parameters, [Coupling(i, m, c, k) for (i, m, k), c in couplings.items() if c]
