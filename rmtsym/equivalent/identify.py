"""Which order parameters of a Dyson equation are equal, proportional or zero: a conjecture on its noise series."""

from __future__ import annotations

from itertools import combinations, product

import sympy as sp

from rmtsym.equivalent.dyson import ATOMS, PRIME, Dyson, Identification, residue
from rmtsym.field.rational import Frac

__all__ = ["identify"]


def identify(dyson: Dyson) -> list[Identification]:
    """Coarsest identification of order parameters that turns the Dyson equation into itself.

    Conjectured on the noise series, refined until it is stable, all in the prime field.
    """
    series = dyson.series()
    ratios = _ratios(dyson)
    groups: dict[object, list[int]] = {}
    zeros: list[int] = []
    for k, values in enumerate(series):
        lead = next((x for x in values if x), None)
        if lead is None:
            zeros.append(k)
        else:
            inverse = pow(lead, -1, PRIME)
            groups.setdefault(tuple(x * inverse % PRIME for x in values), []).append(k)
    classes: list[list[tuple[int, Frac]]] = []
    for members in groups.values():
        members.sort(key=lambda k: series[k])
        while members:
            first = members[0]
            lead = next(i for i, x in enumerate(series[first]) if x)
            inverse = pow(series[first][lead], -1, PRIME)
            found = [(k, ratios.get(series[k][lead] * inverse % PRIME)) for k in members]
            classes.append([(k, c) for k, c in found if c is not None])
            members = [k for k, c in found if c is None]
    while True:
        refined, loose = _refine(dyson, classes, zeros)
        if len(refined) == len(classes) and len(loose) == len(zeros):
            break
        classes, zeros = refined, loose
    classes.sort(key=lambda members: min((_rank(dyson, k), series[k]) for k, _ in members))
    result = [Identification(k, None, None) for k in zeros]
    for scaled in classes:
        rep, front = min(scaled, key=lambda kc: (_rank(dyson, kc[0]), series[kc[0]]))
        result += [Identification(k, rep, c / front) for k, c in scaled]
    return result


def _rank(dyson: Dyson, k: int) -> tuple[int, str]:
    t = dyson.parameters[k]
    return (t.weight.size, str(t.space.size))


def _ratios(dyson: Dyson) -> dict[int, Frac]:
    """Candidate ratios of two order parameters, by residue: small multiples of monomials in the parameters."""
    point = dyson.point(0)
    names = [s for s in dyson.field.symbols if s not in dyson.letters]
    result: dict[int, Frac] = {}
    monomials: list[tuple[tuple[sp.Symbol, int], ...]] = [()] + [((s, e),) for s in names for e in (1, -1, 2, -2)]
    monomials += [((s, e), (t, f)) for s, t in combinations(names, 2) for e, f in product((1, -1), repeat=2)]
    for monomial in monomials:
        value = 1
        for s, e in monomial:
            value = value * pow(point[s], e, PRIME) % PRIME
        for number in (1, -1, 2, -2):
            for residual, exact in ((number * value, number), (value * pow(number, -1, PRIME), None)):
                key = residual % PRIME
                if key not in result:
                    front = dyson.field(number) if exact is not None else dyson.field(number).inverse()
                    for s, e in monomial:
                        front = front * dyson.field.gen(s) ** e
                    result[key] = front
    return result


def _refine(
    dyson: Dyson, classes: list[list[tuple[int, Frac]]], zeros: list[int]
) -> tuple[list[list[tuple[int, Frac]]], list[int]]:
    point = dyson.point(0)
    taus = [0] * len(dyson.parameters)
    for members in classes:
        value = residue("tau", members[0][0])
        for k, c in members:
            taus[k] = value * c.modulo(point, PRIME) % PRIME
    images: list[list[int]] = [[] for _ in taus]
    for atom in range(ATOMS):
        base, factors, weights = dyson.numbers(atom)
        G = dyson.matrix(base, factors, taus).inv()
        for k, image in enumerate(dyson.images(atom, G, taus, weights)):
            images[k].append(image)
    refined: list[list[tuple[int, Frac]]] = []
    for members in classes:
        parts: dict[object, list[tuple[int, Frac]]] = {}
        for k, c in members:
            scale = pow(c.modulo(point, PRIME), -1, PRIME)
            scaled = tuple(x * scale % PRIME for x in images[k])
            constant = len(set(scaled)) == 1
            parts.setdefault((scaled, None if constant else dyson.parameters[k].space.measure), []).append((k, c))
        refined += parts.values()
    stay = [k for k in zeros if not any(images[k])]
    moved = [[(k, dyson.field.one)] for k in zeros if any(images[k])]
    return refined + moved, stay
