r"""Engine results put to the test by exact moments that do not use the engine.

Every variance is multiplied by a symbol :math:`t` and the engine derives the system again.  At :math:`t=1` it must be
the system under test, equation by equation.  For small :math:`t` its solution is a power series, whose coefficients
:mod:`rmtsym.matrix.planar` knows exactly from planar pairings: at :math:`t=10^{-24}` the two must agree to all the
digits that the known coefficients determine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace as replaced
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from typing import Any

import mpmath
import sympy as sp

from rmtsym.errors import RmtsymError, UnsupportedModel
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint.system import FixedPointSystem
from rmtsym.theorem import exact
from rmtsym.theorem.evidence import Evidence
from rmtsym.theorem.mutation import variants

__all__ = ["check", "claims", "wrong_systems"]

ORDER = 4  # coefficients of t^0 .. t^ORDER are compared
DECADES = 24  # t = 10^-DECADES
SLACK = 9  # decades left for the size of the next coefficient


def claims(equivalent: Any, output: sp.Symbol | None = None) -> tuple[sp.Eq, ...]:
    """Equations of an equivalent, and one equation for each of its outputs (a single one may be given a symbol)."""
    system = equivalent.system
    names = [output] if output is not None else [sp.Symbol(str(name)) for name in system.outputs]
    outputs = [sp.Eq(name, body, evaluate=False) for name, body in zip(names, system.outputs.values(), strict=True)]
    return (*system.equations, *outputs)


def wrong_systems(equivalent: Any) -> Iterator[tuple[str, FixedPointSystem]]:
    """Wrong versions of an equivalent's system: one for each equation, two for each output."""
    system: FixedPointSystem = equivalent.system
    for i, equation in enumerate(system.equations):
        for label, wrong in islice(variants(equation.rhs), 1):
            changed = (*system.equations[:i], sp.Eq(equation.lhs, wrong, evaluate=False), *system.equations[i + 1 :])
            yield f"{label} in the equation of {equation.lhs}", replaced(system, equations=changed)
    for name, body in system.outputs.items():
        for label, wrong in exact.pick(variants(body), 2):
            yield f"{label} in {name}", replaced(system, outputs={**system.outputs, name: wrong})


def check(equivalent: Any, system: FixedPointSystem) -> Evidence:
    """Evidence that ``system`` is the deterministic equivalent of the expressions that ``equivalent`` was made from."""
    expressions = {name: derived.expression for name, derived in equivalent.derived.items()}
    method = f"exact moments to order {ORDER}, and the system at t = 1"
    try:
        noisy, t = _noisy(tuple(expressions.items()), equivalent.spectral)
        series = _series(tuple(expressions.items()), equivalent.spectral)
    except UnsupportedModel as error:
        return Evidence.of(None, method, message=f"no independent moments: {error}")
    wrong = [f"{name}: {gap}" for name, gap in series.items() if gap]
    if wrong:
        return Evidence.of(False, method, message="; ".join(wrong))
    return _same_at_one(noisy.system, system, t, method)


def _same_at_one(noisy: FixedPointSystem, system: FixedPointSystem, t: sp.Symbol, method: str) -> Evidence:
    """The system with t = 1 vanishes on the variety of the one under test, and has the same unknowns and outputs."""
    if noisy.symbols != system.symbols or list(noisy.outputs) != list(system.outputs):
        return Evidence.of(None, method, message="the system with noise has other unknowns")
    pairs = [((eq.lhs - eq.rhs).subs(t, 1), system.equations) for eq in noisy.equations]
    pairs += [(body.subs(t, 1) - system.outputs[name], system.equations) for name, body in noisy.outputs.items()]
    parts: list[Evidence] = []
    for difference, relations in pairs:
        parts.append(exact.vanishes(difference, relations))
        if not parts[-1].passed:
            break
    found = exact.all_of(parts)
    message = found.message if not found.passed else f"{len(noisy.outputs)} traces, {ORDER + 1} coefficients each"
    return Evidence(found.status, method, found.resolution, message)


@lru_cache(maxsize=64)
def _noisy(expressions: tuple[tuple[str, Any], ...], spectral: sp.Symbol | None) -> tuple[Any, sp.Symbol]:
    """Equivalent of the expressions with every variance multiplied by a fresh symbol."""
    from rmtsym.equivalent import deterministic_equivalent
    from rmtsym.matrix import Gaussian, Wigner, letters, replace

    t = sp.Symbol("t_noise", positive=True)
    scaled = {}
    for name, expression in expressions:
        random = [x for x in letters(expression) if isinstance(x, (Gaussian, Wigner))]
        scaled[name] = replace(expression, {x: replaced(x, variance=x.variance * t) for x in random})
    return deterministic_equivalent(scaled, spectral=spectral), t


@lru_cache(maxsize=64)
def _series(expressions: tuple[tuple[str, Any], ...], spectral: sp.Symbol | None) -> dict[str, str]:
    """For each output what is wrong with its power series, or nothing."""
    from rmtsym.matrix.planar import planar_series

    noisy, t = _noisy(expressions, spectral)
    values = _values(noisy, t)
    found = {}
    digits = DECADES * (ORDER + 1) - SLACK
    with mpmath.workdps(digits + 2 * DECADES):
        small = mpmath.mpf(10) ** -DECADES
        outputs = _small_noise(noisy.system, {**values, str(t): small}, digits + DECADES)
        for name, expression in expressions:
            coefficients = planar_series(expression, ORDER, {k: v for k, v in values.items() if k != str(t)})
            if all(x == 0 for x in coefficients[1:]):
                raise UnsupportedModel(f"{name} does not depend on the noise")
            expected = mpmath.fsum(_number(x) * small**k for k, x in enumerate(coefficients))
            gap = abs(outputs[name] - expected)
            scale = max(abs(expected), max(abs(_number(x)) for x in coefficients) * small)
            agreed = int(-mpmath.log10(gap / scale)) if gap else digits
            right = agreed >= digits - DECADES if abs(expected) < small**0.5 else agreed >= digits
            found[name] = "" if right else f"agrees with exact moments to {agreed // DECADES} orders only"
    return found


def _number(value: Any) -> Any:
    if isinstance(value, (int, Fraction)):
        return mpmath.mpf(value.numerator) / value.denominator
    return mpmath.mpmathify(sp.N(value, mpmath.mp.dps))


def _values(noisy: Any, t: sp.Symbol) -> dict[str, Any]:
    """A rational value for every parameter and a law of two atoms for every measure, the same in every run.

    Letters are squares, so that their roots are rational too.
    """
    from rmtsym.matrix import letters, parameters, spaces

    expressions = [derived.expression for derived in noisy.derived.values()]
    symbols = sorted({str(s) for x in expressions for s in parameters(x)} - {str(t)})
    values: dict[str, Any] = {name: Fraction(2 * i + 3, 2 * i + 5) for i, name in enumerate(symbols)}
    if noisy.spectral is not None:
        values[str(noisy.spectral)] = Fraction(-17, 7)
    count = 0
    for expression in expressions:
        for space in spaces(expression):
            if space.letters and space.measure.name not in values:
                laws = {
                    str(s): (Fraction(4 + count + j, 5) ** 2, Fraction(9 + j, 7) ** 2)
                    for j, s in enumerate(space.letters)
                }
                values[space.measure.name] = Atoms((Fraction(1, 3), Fraction(2, 3)), **laws)
                count += 1
        for letter in letters(expression):
            if getattr(letter, "is_word", False):
                raise UnsupportedModel(f"the matrix {letter} has no letters")
    return values


def _small_noise(system: FixedPointSystem, values: Mapping[str, Any], digits: int) -> dict[str, Any]:
    """Outputs at small noise: plain iteration, which gains DECADES digits in each round."""
    from rmtsym.field.evaluate import MP, evaluate

    context = MP(mpmath.mp.dps)
    guess = system.continuation.guess if system.continuation else {}
    point = dict(values)
    for symbol in system.symbols:
        start = guess.get(symbol, sp.Integer(1))
        known = {k: v for k, v in point.items()}
        point[str(symbol)] = evaluate(start, known, context)
    sides = [
        eq.rhs if eq.lhs == u else eq.rhs + u - eq.lhs for u, eq in zip(system.symbols, system.equations, strict=True)
    ]
    for _ in range(4 * (ORDER + 3) + 2 * len(sides)):
        new = evaluate(sides, point, context) if sides else []
        moved = max((abs(a - point[str(u)]) for u, a in zip(system.symbols, new, strict=True)), default=0)
        point.update({str(u): a for u, a in zip(system.symbols, new, strict=True)})
        if moved == 0 or moved < mpmath.mpf(10) ** -digits:
            break
    else:
        raise RmtsymError("the iteration at small noise does not settle; is this the engine's system?")
    found: dict[str, Any] = {}
    for name, body in system.outputs.items():
        found[str(name)] = evaluate(body, {**point, **found}, context)
    return found
