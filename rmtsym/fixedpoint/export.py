"""Export of a fixed-point system as one numpy-only module: generated equations, a small solver, a self-test."""

from __future__ import annotations

import pprint
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.errors import UnsupportedModel
from rmtsym.field.evaluate import FLOAT, evaluate
from rmtsym.field.number_system import as_array, letters_of
from rmtsym.field.value import Value
from rmtsym.fixedpoint.continuation import choose_path
from rmtsym.fixedpoint.enclose import enclose
from rmtsym.fixedpoint.generate import generate, matrices_of, scalars_of
from rmtsym.fixedpoint.problem import bind, named
from rmtsym.fixedpoint.solve import solve
from rmtsym.fixedpoint.system import FixedPointSystem

__all__ = ["export_python"]

_SOLVER = '''
def _sides(q, arguments):
    with np.errstate(all="ignore"):
        left, right, *rows = residual(*q, *arguments)
    slopes = np.array([[[np.ravel(x)[0] for x in row] for row in side] for side in rows])
    return np.array(left).ravel(), np.array(right).ravel(), slopes


def _newton(q, arguments):
    """Damped Newton iteration; positive unknowns move in their logarithm. Returns (q, relative residual)."""
    best, best_size, factor, last = q, np.inf, 1.0, None
    for _ in range(80):
        left, right, slopes = _sides(q, arguments)
        scale = np.abs(left) + np.abs(right) + 1e-300
        size = np.max(np.abs(left - right) / scale)
        if last is not None and not size <= 2 * best_size and factor > 1 / 64:
            factor /= 2
            q = _move(last[0], factor * last[1])
            continue
        if size < best_size:
            best, best_size = q, size
        if not np.isfinite(size) or size < 4e-15:
            break
        positive = POSITIVE & (not np.iscomplexobj(q))
        columns = np.where(positive, q, 1.0)[None, :]
        if positive.all() and (left > 0).all() and (right > 0).all():
            matrix, gap = (slopes[0] / left[:, None] - slopes[1] / right[:, None]) * columns, np.log(left / right)
        else:
            matrix, gap = (slopes[0] - slopes[1]) * columns / scale[:, None], (left - right) / scale
        try:
            step = -np.linalg.solve(matrix, gap)
        except np.linalg.LinAlgError:
            break
        step = step * min(1.0, 2.0 / max(np.max(np.abs(np.where(positive, step, 0)), initial=0.0), 1e-300))
        last, factor = (q, step), 1.0
        q = _move(q, step)
    return best, best_size


def _move(q, step):
    if not np.iscomplexobj(q):
        return np.where(POSITIVE, q * np.exp(np.where(POSITIVE, step, 0.0)), q + step)
    drop = np.where(HERGLOTZ, -step.imag, 0.0)
    room = np.where(drop > 0, 0.9 * np.maximum(q.imag, 0.0) / np.where(drop > 0, drop, 1.0), 1.0)
    return q + step * min(1.0, np.min(room, initial=1.0))


def _inside(q):
    if np.iscomplexobj(q):
        return bool(np.all(np.isfinite(q)) and np.all(~HERGLOTZ | (q.imag > -1e-12 * np.abs(q))))
    return bool(np.all(np.isfinite(q)) and np.all(~POSITIVE | (q > 0)))


def _close(new, old):
    bound = (POSITIVE | HERGLOTZ) if (POSITIVE | HERGLOTZ).any() else np.ones(len(new), bool)
    if np.iscomplexobj(new):
        return bool(np.all(np.abs(new - old)[bound] < 0.75 * np.abs(old)[bound]))
    ratio = np.abs(np.log(np.abs(new / old)))
    return bool(np.all(np.where(POSITIVE, ratio < 3, np.abs(new - old) < 0.75 * np.abs(old) + 1e-3)[bound]))


def _root(point, laws):
    """Physical root: followed from the start of the path, where it is unique, to the point."""
    complex_mode = any(np.iscomplexobj(v) for v in point.values()) or (HERGLOTZ.any() and "z" in point)
    kind = complex if complex_mode else float
    values = {k: np.array([v], kind) for k, v in point.items()}

    def arguments(**changed):
        return [*((values | changed)[k] for k in PARAMETERS), *laws]

    target = values[PATH[0]][0] if PATH else 0.0
    start = kind(origin(values, laws)[0]) if PATH else target
    q = np.array(origin(values, laws)[1], kind)
    if PATH is None:
        return _newton(q, arguments())
    q, size = _newton(q, arguments(**{PATH[0]: np.array([start])}))
    if not (size < 1e-11 and _inside(q)):
        return q, np.inf
    last = abs(target.imag) if complex_mode else abs(target)
    length = np.log(max(abs(start - target) / max(last, 1e-12 * max(abs(start), 1.0)), np.e))
    u, step = 0.0, 1.0 / length
    while u < 1:
        ahead = min(1.0, u + step)
        rho = (np.exp(-length * ahead) - np.exp(-length)) / (1 - np.exp(-length))
        value = target if ahead == 1 else target + (start - target) * rho
        new, size = _newton(q, arguments(**{PATH[0]: np.array([value])}))
        if size < 1e-11 and _inside(new) and _close(new, q):
            u, q, step = ahead, new, min(1.6 * step, 4.0 / length)
        else:
            step /= 3
            if step * length < 1e-4:
                return q, np.inf
    return q, size


def solve(point, **laws):
    """Unknowns and outputs at one point.

    point: parameter name -> number.  laws: measure name -> {"weights": [...], letter: [...]}; matrix name -> array.
    Raises ValueError if the physical root is not reached.
    """
    arrays = []
    for name, letters in MEASURES:
        arrays += [np.asarray(laws[name]["weights"], float), *(np.asarray(laws[name][x], float) for x in letters)]
    arrays += [np.asarray(laws[name], float) for name in MATRICES]
    missing = [name for name in PARAMETERS if name not in point]
    if missing:
        raise ValueError(f"{missing[0]} is missing; give a value for each of {', '.join(PARAMETERS)}")
    point = {name: point[name] for name in PARAMETERS}
    q, size = _root(point, arrays) if UNKNOWNS else (np.array([]), 0.0)
    if not size < 1e-11:
        raise ValueError(f"no physical root reached at {point}; move the point")
    values = [np.array([point[k]]) for k in PARAMETERS]
    conditions, found = outputs(*(np.array([x]) for x in q), *values, *arrays)
    if not np.iscomplexobj(q) and not all(np.ravel(x)[0] > 0 for x in conditions):
        raise ValueError(f"the root at {point} is not the physical one; move the point")
    result = dict(zip(UNKNOWNS, (x.item() for x in q)))
    result.update(zip(OUTPUTS, (np.ravel(x)[0].item() for x in found)))
    return result


def test():
    """Compare with enclosed values; raises AssertionError on the first difference."""
    for point, laws, expected in CASES:
        found = solve(point, **laws)
        for name, (value, tolerance) in expected.items():
            assert abs(found[name] - value) <= tolerance, (name, found[name], value)
    return len(CASES)


if __name__ == "__main__":
    print(f"{test()} points agree")
'''

_ORIGIN_DEFAULT = '''
def origin(values, laws):
    """Start of the path, far from every singularity, and a guess of the root there."""
    scale = max([1.0, *(float(np.max(np.abs(x))) for x in laws)])
    if PATH is None:
        return 0.0, np.where(HERGLOTZ, 1j, 1.0) if HERGLOTZ.any() else np.ones(len(UNKNOWNS))
    target = values[PATH[0]][0]
    if np.iscomplexobj(target):
        start = target.real + 4j * (scale + abs(target))
        return start, np.where(HERGLOTZ, -1 / start, 1.0)
    start = max(1e4 * scale, 10 * target)
    return start, _settle(np.ones(len(UNKNOWNS)), start, values, laws)


def _settle(q, start, values, laws):
    """Damped plain iteration towards the root at the start of the path."""
    arguments = [*((values | {PATH[0]: np.array([start])})[k] for k in PARAMETERS), *laws]
    for _ in range(200):
        left, right, _ = _sides(q, arguments)
        if not np.array_equal(left, q):
            break
        good = np.isfinite(right) & (~POSITIVE | (right > 0))
        q = np.where(good, np.where(POSITIVE, np.sqrt(np.abs(q * right)), 0.5 * (q + right)), q)
    return q
'''


def export_python(system: FixedPointSystem, name: str, points: Sequence[Mapping[str, Any]] = ()) -> str:
    """Source of a module that solves the system with numpy alone.

    Parameters
    ----------
    system : FixedPointSystem
    name : str
        Title of the module.
    points : sequence of points
        Reference points; their enclosed values become the module's self-test, ``python module.py``.

    Returns
    -------
    str
        Python source with ``solve(point, **laws)`` and ``test()``.

    Examples
    --------
    >>> from rmtsym.fixedpoint.system import Unknown
    >>> kappa, lam, c = sp.symbols("kappa lam c", positive=True)
    >>> system = FixedPointSystem((Unknown(kappa),), (sp.Eq(kappa, lam + c * kappa / (1 + kappa)),))
    >>> module = {"__name__": "exported"}
    >>> exec(export_python(system, "marchenko-pastur", [{"lam": 2, "c": 1}]), module)
    >>> module["test"](), round(module["solve"]({"lam": 2.0, "c": 1.0})["kappa"], 9)
    (1, 2.732050808)
    """
    if system.objects:
        raise UnsupportedModel(f"a system with the object {system.objects[0]} (a function) cannot be exported")
    cases = [_case(system, named(p)) for p in points]
    shapes = _shapes(system, points)
    code = generate(system, shapes)
    domains = [u.domain for u in system.unknowns]
    path = _path_parameter(system, points)
    head = [
        f'"""{name}: a fixed-point system and its outputs, generated by rmtsym; needs numpy only."""\n',
        "import math\n",
        "import numpy as np\n",
        *_special(code.source),
        f"UNKNOWNS = {code.unknowns!r}",
        f"PARAMETERS = {code.parameters!r}",
        f"OUTPUTS = {tuple(system.outputs)!r}",
        f"MEASURES = {code.measures!r}",
        f"MATRICES = {code.matrices!r}",
        f"POSITIVE = np.array({[d == 'positive' for d in domains]}, bool)",
        f"HERGLOTZ = np.array({[d == 'herglotz' for d in domains]}, bool)",
        f"PATH = {(path,) if path else None!r}",
        f"CASES = {pprint.pformat(cases, width=110, sort_dicts=True)}\n\n",
    ]
    origin = _ORIGIN_DEFAULT if system.continuation is None else _given_origin(system, shapes)
    return "\n".join(head) + code.source + "\n" + origin + "\n" + _SOLVER.lstrip("\n")


def _path_parameter(system: FixedPointSystem, points: Sequence[Mapping[str, Any]]) -> str | None:
    if system.continuation is not None:
        if system.continuation.parameter is None:
            raise NotImplementedError("a homotopy without a parameter cannot be exported")
        return str(system.continuation.parameter)
    if points:
        with np.errstate(all="ignore"):
            path, _ = choose_path(bind(system, points[0]))
        return path.parameter if path else None
    return next((n for n in ("z", "lam", "lambda", "gamma") if n in scalars_of(system)), None)


def _given_origin(system: FixedPointSystem, shapes: Any) -> str:
    """The system's own continuation as code: its start and guess are outputs of a system without unknowns."""
    continuation = system.continuation
    assert continuation is not None
    start = sp.Symbol("path_start")
    guesses = {
        f"guess_{i}": sp.sympify(continuation.guess.get(u, sp.S.One)).xreplace({continuation.parameter: start})
        for i, u in enumerate(system.symbols)
    }
    helper = FixedPointSystem((), (), {"path_start": sp.sympify(continuation.start), **guesses})
    code = generate(helper, shapes)
    body = code.source.split("def outputs", 1)[1]
    laws = [n for name, letters in code.measures for n in (name, letters)]
    if laws or code.matrices:
        raise NotImplementedError("a continuation whose start uses averages cannot be exported")
    return (
        f"def _origin{body}\n\ndef origin(values, laws):\n"
        f'    """Start of the path and a guess of the root there."""\n'
        f"    _, found = _origin({', '.join(f'values[{n!r}]' for n in code.parameters)})\n"
        "    found = [np.ravel(x)[0] for x in found]\n    return found[0], np.array(found[1:])\n"
    )


def _shapes(system: FixedPointSystem, points: Sequence[Mapping[str, Any]]) -> Any:
    matrices = matrices_of(system)
    if matrices and not points:
        raise ValueError("give a point with the matrices of the system: their shapes are written into the module")
    return tuple((m.name, FLOAT.matrix(named(points[0])[m.name]).shape[-2:]) for m in matrices)


def _special(source: str) -> list[str]:
    return [f"{name} = np.vectorize(math.{target}, otypes=[float])"
            for name, target in (("erf", "erf"), ("erfc", "erfc"), ("gamma", "gamma"), ("loggamma", "lgamma"))
            if f" {name}(" in source]  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, sp.Basic):
        value = evaluate(value, {}, FLOAT)
    if isinstance(value, (int, Fraction)):
        return float(value)
    return value.item() if isinstance(value, np.generic) else value


def _case(system: FixedPointSystem, point: Mapping[str, Any]) -> tuple[dict, dict, dict]:
    """A point, its laws, and the enclosed values with the tolerance that double precision deserves."""
    rough = solve(system, point)
    values = enclose(system, point)
    laws: dict[str, Any] = {}
    for measure in system.measures:
        law = point[measure.name]
        laws[measure.name] = {"weights": as_array(law.weights).tolist()} | {
            k: as_array(v).tolist() for k, v in letters_of(law, measure).items()
        }
    laws |= {m.name: np.asarray(FLOAT.matrix(point[m.name])).tolist() for m in matrices_of(system)}
    numbers = {str(p): _plain(point[str(p)]) for p in system.parameters if str(p) in point and str(p) not in laws}
    slack = 1e-13 * max(float(rough.condition), 10.0)
    expected = {k: (v.value, slack * max(abs(v.value), _floor(v))) for k, v in values.items()}
    return numbers, laws, expected


def _floor(value: Value) -> float:
    return 1e-3 if value.value == 0 else 0.0
