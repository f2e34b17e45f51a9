"""From one matrix expression to its reduced laws."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp
from flint import nmod_mat

from rmtsym.equivalent.blocks import Degenerate
from rmtsym.equivalent.certificate import Certificate, certify
from rmtsym.equivalent.domain import check_inverses, ridge_parameter, spectral_parameter
from rmtsym.equivalent.dyson import PRIME, Dyson, residue
from rmtsym.equivalent.entry import Coefficients, Entry
from rmtsym.equivalent.free import rotated
from rmtsym.equivalent.identify import identify
from rmtsym.equivalent.linearise import linearise
from rmtsym.equivalent.minimal import absorbed, minimal
from rmtsym.equivalent.numeric import NumericDyson
from rmtsym.equivalent.present import Written, average_of, write
from rmtsym.equivalent.radical import RootField, radicals
from rmtsym.equivalent.realisation import Realisation
from rmtsym.equivalent.reduce import Law, Laws
from rmtsym.equivalent.response import Response
from rmtsym.errors import NoConvergence, ShapeError, UnsupportedModel
from rmtsym.field.measure import Atoms
from rmtsym.matrix import Deterministic, Expression, Free, letters, parameters, spaces, substitute

__all__ = ["Derived", "derive"]

SMALL = 4  # size of a pencil that is not worth cutting down
PROBES = 8  # random points, near and far, at which the domain of an unknown is read off


@dataclass
class Derived:
    """Reduced laws of the normalised trace of one expression, with everything that led to them."""

    expression: Expression
    dyson: Dyson
    laws: Laws
    output: sp.Symbol
    symbols: dict[int, sp.Symbol]
    certificate: Certificate
    spectral: sp.Symbol | None
    ridge: sp.Symbol | None
    written: Written
    domains: dict[sp.Symbol, str]
    guesses: dict[sp.Symbol, sp.Expr]
    source: sp.Symbol | None = None

    @property
    def letters(self) -> tuple[sp.Symbol, ...]:
        return self.dyson.letters


def close(expression: Expression, epsilon: sp.Symbol, source: sp.Symbol | None = None) -> tuple[Dyson, bool]:
    """Dyson equation of a closed pencil; degenerate inverses are shifted by ``epsilon``.

    A pencil that is not small is compared with the minimal one; fewer order parameters win.
    """
    roots = radicals(expression)
    owned = [s for space in spaces(expression) for s in space.letters]
    owned += [s for x in letters(expression) if isinstance(x, Free) for s in x.measure.letters]
    free = tuple(dict.fromkeys(owned))
    order = [*parameters(expression), *free, epsilon]
    expression = rotated(expression)
    field = RootField(order, roots)
    coefficients = Coefficients(field, tuple(roots.get(s, s) for s in free), source=source)
    try:
        direct = Dyson(linearise(expression, coefficients).trimmed().closed())
        if direct.size <= SMALL or source is not None:
            return direct, False
        cut = minimal(expression, coefficients)
        if cut is None:
            return direct, False
        other = Dyson(absorbed(cut, coefficients).trimmed().closed())
        better = (len(other.parameters), other.size) < (len(direct.parameters), direct.size)
        return other if better else direct, False
    except (Degenerate, ZeroDivisionError):
        pass

    def shift(body: Realisation) -> Realisation:
        if not _singular(body.inverse()):
            return body
        return replace(body, e=body.e + Entry(field.gen(epsilon)))

    return Dyson(linearise(expression, coefficients, shift).trimmed().closed()), True


def _singular(pencil: Realisation) -> bool:
    point = {s: residue(s) for s in pencil.coefficients.field.symbols}
    matrix = nmod_mat(pencil.size, pencil.size, PRIME)
    for (i, j), x in pencil.L.items():
        matrix[i, j] = x.det.modulo(point, PRIME)
    return int(matrix.det()) == 0


def derive(
    expression: Expression,
    spectral: sp.Symbol | None = None,
    taken: Iterable[str] = (),
    source: sp.Symbol | None = None,
) -> Derived:
    """Reduced laws of the normalised trace of a square expression, or of its derivative in ``source`` at zero.

    Raises
    ------
    ShapeError
        If the expression is not square.
    UnsupportedModel
        If the model is outside the reach of the engine; the message says why.
    """
    if not expression.is_square:
        raise ShapeError(
            f"the normalised trace needs a square expression, but this one is {expression.rows} x {expression.cols}"
        )
    for letter in letters(expression):
        if isinstance(letter, Deterministic) and letter.is_word:
            raise UnsupportedModel(
                f"the deterministic matrix {letter.value} is symbolic and need not commute with others; "
                "write it as a function of spectral letters, or use numeric_equivalent with explicit matrices"
            )
    plain = expression if source is None else substitute(expression, {source: 0})
    spectral = spectral if spectral is not None else spectral_parameter(plain)
    remarks = check_inverses(plain, spectral)
    ridge = None if spectral is not None else ridge_parameter(plain)
    epsilon = sp.Dummy("epsilon", positive=True)
    dyson, degenerate = close(expression, epsilon, source)
    if source is not None:
        dyson = Response(dyson.pencil, source)
    identifications = identify(dyson)
    reps = list(dict.fromkeys(x.representative for x in identifications if x.representative is not None))
    symbols = {k: sp.Dummy(f"tau{k}") for k in reps}
    field, integrands, outputs = dyson.exact(identifications, symbols)
    certificate = certify(dyson, identifications, integrands, symbols, field, remarks)
    if not certificate.verified:
        raise UnsupportedModel(f"the identification of order parameters of {expression} could not be proved")
    output = sp.Dummy("output")
    (space, value), *_ = outputs.items()
    laws = Laws(
        field,
        dyson.letters,
        {symbols[k]: Law(symbols[k], dyson.parameters[k].space, integrands[k]) for k in reps},
        {output: Law(output, space, value)},
    )
    laws.prune()
    laws.eliminate_explicit()
    used = {str(s) for s in (*parameters(expression), *field.symbols)} | set(taken)
    probes = _probes(dyson, spectral, symbols, epsilon)

    def fresh(name: str) -> sp.Symbol:
        taken_names = used | {str(s) for s in laws.unknowns}
        chosen = next(c for c in (name, *(f"{name}{i}" for i in range(1, 100))) if c not in taken_names)
        return sp.Symbol(chosen)

    laws.change_unknown(fresh, spectral is not None, {epsilon})
    if degenerate:
        try:
            zero = {epsilon: laws.field.zero}
            laws.substitute(zero)
            laws.definitions = {s: x.subs(zero) for s, x in laws.definitions.items()}
        except ZeroDivisionError:
            raise UnsupportedModel(
                f"{expression} is degenerate: its equivalent diverges when the shift of the singular inverse is removed"
            ) from None
        laws.log.append("a singular inverse was shifted by epsilon; epsilon = 0 in the reduced system is regular")
    domains = {s: _domain(laws, s, probes, spectral is not None) for s in laws.unknowns}
    for s, domain in list(domains.items()):
        if domain == "negative":
            laws.negate(s)
            domains[s] = "herglotz" if spectral is not None else "positive"
    laws.use_unknowns_as_outputs()
    for component in laws.components():  # a linear equation has one solution, whatever its sign
        if laws.is_affine(component):
            domains |= {s: "real" for s in component}
    try:
        written = write(laws, {output: "trace"})
    except ZeroDivisionError:
        raise UnsupportedModel(
            f"the equivalent of {expression} diverges at these sizes: an inverse does not exist; change a size or add "
            "a ridge"
        ) from None
    guesses = {} if degenerate else _guesses(laws, written)
    final = _names(laws, written, output, used, spectral)
    back = {r: sp.sqrt(s) for s, r in getattr(field, "roots", {}).items()}
    written = _rename(written, final | back)
    certificate = replace(certificate, log=tuple(laws.log))
    return Derived(
        expression,
        dyson,
        laws,
        output,
        symbols,
        certificate,
        spectral,
        ridge,
        written,
        {final[s]: domains[s] for s in laws.unknowns if s in final},
        {final[s]: x.xreplace(final | back) for s, x in guesses.items() if s in final},
        source,
    )


def _names(
    laws: Laws, written: Written, output: sp.Symbol, used: set[str], spectral: sp.Symbol | None
) -> dict[sp.Symbol, sp.Symbol]:
    """Names of the kept unknowns: kappa and m where they apply, else q0, q1, ... in canonical order."""
    changed = {c.new for c in laws.changes}
    plain = [s for s in written.unknowns if s not in changed]
    names = {s: s for s in changed}
    reserved = used | {str(s) for s in changed}
    direct = laws.outputs[output].integrand
    count = 0
    for s in plain:
        if spectral is not None and direct == laws.field.gen(s) and "m" not in reserved:
            name = "m"
        elif len(plain) == 1 and "q" not in reserved:
            name = "q"
        else:
            while f"q{count}" in reserved:
                count += 1
            name = f"q{count}"
        reserved.add(name)
        names[s] = sp.Symbol(name)
    return names


def _rename(written: Written, names: dict[sp.Symbol, sp.Expr]) -> Written:
    def over(mapping: dict) -> dict:
        return {names.get(k, k): x.xreplace(names) for k, x in mapping.items()}

    return Written(
        tuple(names[s] for s in written.unknowns),  # type: ignore[misc]
        tuple(sp.Eq(e.lhs.xreplace(names), e.rhs.xreplace(names), evaluate=False) for e in written.equations),
        over(written.outputs),
        over(written.functions),
        over(written.closed),
    )


def _guesses(laws: Laws, written: Written) -> dict[sp.Symbol, sp.Expr]:
    """Value of every kept unknown to leading order in weak noise; next to leading where that is zero."""
    field = laws.field
    state = {s: field.zero for s in laws.unknowns}
    state |= {c.new: c.forward.subs({c.old: field.zero}) for c in laws.changes}
    result = {c.new: state[c.new].to_sympy() for c in laws.changes}
    try:
        for s in (*written.unknowns, *written.unknowns):
            law = laws.unknowns[s]
            if result.get(s, 0) != 0:
                continue
            value = law.integrand.subs({t: x for t, x in state.items() if law.integrand.has(t)})
            result[s] = average_of(value, law.space.measure, laws.letters)
            if not laws.letters or not value.has(*laws.letters):
                state[s] = value
    except ZeroDivisionError:
        return {}
    return result


def _probes(
    dyson: Dyson, spectral: sp.Symbol | None, symbols: dict[int, sp.Symbol], epsilon: sp.Symbol
) -> list[dict[sp.Symbol, complex]]:
    """Weak-noise solutions of the full Dyson equation at fixed random points."""
    found: list[dict[sp.Symbol, complex]] = []
    rng = np.random.default_rng(20261121)
    names = [s for s in dyson.field.symbols if s not in dyson.letters]
    every = dyson.spaces
    for probe in range(PROBES):
        values: dict[sp.Symbol, Any] = {s: rng.uniform(0.5, 2) for s in names}
        values[epsilon] = 1.0
        if spectral is not None:
            values[spectral] = complex(rng.uniform(-2, 2), rng.uniform(3, 6) * (20 if probe & 4 else 1))
        measures = {}
        law: dict[sp.Symbol, list[float]] = {}
        for space in every:
            for x in space.letters:
                # a letter without a declared sign takes both: domains must hold for either
                negative = not x.is_nonnegative and probe >> (len(law) % 2) & 1
                law.setdefault(x, list((-1) ** negative * rng.uniform(0.5, 2, 3)))
        for space in every:
            if space.letters:
                named = {str(x): law[x] for x in space.letters}
                measures[space.measure.name] = Atoms([0.3, 0.3, 0.4], **named)
        solver = NumericDyson(dyson, values, measures)
        try:
            taus = solver.solve(noise=0.02)
        except NoConvergence:
            continue
        found.append({**values, **{s: complex(taus[k]) for k, s in symbols.items()}})
    return found


def _domain(laws: Laws, symbol: sp.Symbol, probes: list[dict[sp.Symbol, complex]], complex_plane: bool) -> str:
    values = []
    for point in probes:
        used = {s: v for s, v in point.items() if s in laws.field}
        values.append(complex(laws.definitions[symbol].evaluate(used)))
    if not values:
        return "real"
    sizes = [v.imag if complex_plane else v.real for v in values]
    if all(x > 0 for x in sizes):
        return "herglotz" if complex_plane else "positive"
    if all(x < 0 for x in sizes):
        return "negative"
    return "real"
