"""Numpy source of a fixed-point system: residual, analytic Jacobian, conditions and outputs.

The source is written by evaluating the system in a number system whose numbers are names: every operation writes one
line, equal lines are written once.  Arrays of parameters broadcast; averages are contractions over the last axis.
"""

from __future__ import annotations

import functools
import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.field.differentiate import differentiate
from rmtsym.field.evaluate import Walk
from rmtsym.field.number_system import _NUMPY, _SPECIAL, Float, letters_of
from rmtsym.fixedpoint.system import FixedPointSystem

__all__ = ["Generated", "generate"]


class Term:
    """Name of a computed value; arithmetic on it writes a line of the program."""

    __slots__ = ("name", "program", "shape")

    def __init__(self, program: Program, name: str, shape: tuple[int, int] | None = None) -> None:
        self.program, self.name, self.shape = program, name, shape

    def __str__(self) -> str:
        return self.name

    def _binary(self, sign: str, left: Any, right: Any) -> Term:
        shape = next((t.shape for t in (left, right) if isinstance(t, Term) and t.shape), None)
        return self.program.line(f"{left} {sign} {right}", shape)

    def __add__(self, other: Any) -> Term:
        return self._binary("+", self, other)

    def __mul__(self, other: Any) -> Term:
        return self._binary("*", self, other)

    def __truediv__(self, other: Any) -> Term:
        return self._binary("/", self, other)

    def __neg__(self) -> Term:
        return self.program.line(f"-{self}", self.shape)

    def __pow__(self, other: Any) -> Term:
        return self._binary("**", self, other)

    def __getitem__(self, index: Any) -> Term:
        raise TypeError("entries are written by Source")


class Program:
    """Lines of straight code with value numbering: the same line is written once."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.known: dict[str, Term] = {}
        self.functions: dict[str, Callable[..., Any]] = {}

    def line(self, text: str, shape: tuple[int, int] | None = None) -> Term:
        if text not in self.known:
            name = f"v{len(self.lines)}"
            self.lines.append(f"{name} = {text}")
            self.known[text] = Term(self, name, shape)
        return self.known[text]


class Source(Float):
    """The number system whose numbers are names of numpy arrays."""

    name = "generated"

    def __init__(self, program: Program) -> None:
        self.program = program

    def number(self, value: Any) -> Any:
        if isinstance(value, Term):
            return value
        fraction = Fraction(value)
        text = (
            str(fraction.numerator) if fraction.denominator == 1 else f"({fraction.numerator}/{fraction.denominator})"
        )
        return Term(self.program, f"({text})" if text.startswith("-") else text + ("." if text.isdigit() else ""))

    def constant(self, name: str) -> Any:
        return Term(self.program, {"pi": "np.pi", "E": "np.e", "I": "1j", "EulerGamma": "np.euler_gamma"}[name])

    def quotient(self, numerator: Any, denominator: Any) -> Any:
        return self.program.line(f"{'1.' if numerator is None else numerator} / {denominator}")

    def call(self, name: str, *args: Any) -> Any:
        if name in _SPECIAL:
            return self.program.line(f"{name}({args[0]})")
        if name == "Heaviside":
            return self.program.line(f"np.heaviside({args[0]}, 0.5)")
        head = f"np.{_NUMPY.get(name, name)}"
        if len(args) == 1:
            return self.program.line(f"{head}({args[0]})")
        return functools.reduce(lambda a, b: self.program.line(f"{head}({a}, {b})"), args)

    def apply(self, function: Callable[..., Any], *args: Any) -> Any:
        name = f"{function.__module__}.{function.__qualname__}".replace(".", "_")
        self.program.functions[name] = function
        return self.program.line(f"{name}({', '.join(map(str, args))})")

    def compare(self, relation: str, left: Any, right: Any) -> Any:
        return self.program.line(f"{left} {relation} {right}")

    def choose(self, condition: Any, value: Any, otherwise: Callable[[], Any]) -> Any:
        return self.program.line(f"np.where({condition}, {value}, {otherwise()})")

    def contract(self, values: Any, weights: Any) -> Any:
        return self.program.line(f"{values} @ {weights}")

    def atoms(self, law: Any, measure: Any) -> tuple[dict[str, Any], Any]:
        return letters_of(law, measure), law.weights

    def lift(self, value: Any, levels: int, matrix: bool) -> Any:
        if not value.name.isidentifier():
            return value  # a literal
        axes = ", ".join(["None"] * levels)
        return self.program.line(f"{value}[..., {axes}{', :, :' if matrix else ''}]", value.shape)

    # matrices
    def matrix(self, value: Any) -> Any:
        return value

    def shape(self, matrix: Any) -> tuple[int, int]:
        return matrix.shape

    def identity(self, n: int) -> Any:
        return self.program.line(f"np.eye({n})", (n, n))

    def zeros(self, rows: int, cols: int) -> Any:
        return self.program.line(f"np.zeros(({rows}, {cols}))", (rows, cols))

    def scale(self, scalar: Any, matrix: Any) -> Any:
        literal = not scalar.name.isidentifier()
        return self.program.line(f"{scalar}{'' if literal else '[..., None, None]'} * {matrix}", matrix.shape)

    def multiply(self, left: Any, right: Any) -> Any:
        return self.program.line(f"{left} @ {right}", (left.shape[0], right.shape[1]))

    def transpose(self, matrix: Any) -> Any:
        return self.program.line(f"np.swapaxes({matrix}, -1, -2)", matrix.shape[::-1])

    def inverse(self, matrix: Any) -> Any:
        return self.program.line(f"np.linalg.inv({matrix})", matrix.shape)

    def solve(self, matrix: Any, right: Any) -> Any:
        return self.program.line(f"np.linalg.solve({matrix}, {right})", right.shape)

    def hadamard(self, left: Any, right: Any) -> Any:
        return self.program.line(f"{left} * {right}", left.shape)

    def tabulate(self, rows: int, cols: int, entry: Callable[[int, int], Any]) -> Any:
        table = [[str(entry(i, j)) for j in range(cols)] for i in range(rows)]
        body = ", ".join(f"np.stack(np.broadcast_arrays({', '.join(row)}), -1)" for row in table)
        return self.program.line(f"np.stack(np.broadcast_arrays({body}), -2)", (rows, cols))

    def entry(self, matrix: Any, i: int, j: int) -> Any:
        return self.program.line(f"{matrix}[..., {i}, {j}]")

    def trace(self, matrix: Any) -> Any:
        return self.program.line(f"np.trace({matrix}, axis1=-2, axis2=-1)")

    def trace_product(self, left: Any, right: Any) -> Any:
        return self.program.line(f"np.einsum('...ij,...ji->...', {left}, {right})")


@dataclass(frozen=True)
class Generated:
    """Compiled functions of one system and their source.

    ``residual(*arguments)`` returns left sides, right sides and the rows of the Jacobians of both;
    ``outputs(*arguments)`` returns conditions and outputs.  Arguments: unknowns, parameters, for each measure its
    weights and letters, matrices, objects, in the order of ``arguments``.
    """

    unknowns: tuple[str, ...]
    parameters: tuple[str, ...]
    measures: tuple[tuple[str, tuple[str, ...]], ...]
    matrices: tuple[str, ...]
    objects: tuple[str, ...]
    arguments: tuple[str, ...]
    source: str
    residual: Callable[..., Any]
    outputs: Callable[..., Any]


class _Names:
    """Python identifiers for symbols, all different."""

    def __init__(self) -> None:
        self.taken = {"np", "erf", "erfc", "erfi", "gamma", "loggamma"}

    def take(self, name: str) -> str:
        text = re.sub(r"\W", "_", name, flags=re.ASCII)
        text = f"x{text}" if not text or text[0].isdigit() else text
        while text in self.taken or keyword.iskeyword(text) or re.fullmatch(r"v\d+", text):
            text += "_"
        self.taken.add(text)
        return text


@functools.lru_cache(maxsize=256)
def matrices_of(system: FixedPointSystem) -> tuple[sp.MatrixSymbol, ...]:
    """Matrix symbols of a system, sorted by name."""
    return tuple(sorted(set().union(*(e.atoms(sp.MatrixSymbol) for e in system.expressions), set()), key=str))


@functools.lru_cache(maxsize=256)
def scalars_of(system: FixedPointSystem) -> tuple[str, ...]:
    """Names of the parameters that are numbers: not sizes of matrices, not names of matrices."""
    matrices = matrices_of(system)
    other = {str(m) for m in matrices}
    other |= {str(x) for m in matrices for side in m.shape for x in side.free_symbols}
    return tuple(dict.fromkeys(str(p) for p in system.parameters if str(p) not in other))


def jacobian(system: FixedPointSystem) -> list[list[sp.Expr]]:
    """Derivatives of left minus right sides in the unknowns."""
    return [[differentiate(eq.lhs - eq.rhs, u) for u in system.symbols] for eq in system.equations]


@functools.lru_cache(maxsize=128)
def generate(system: FixedPointSystem, shapes: tuple[tuple[str, tuple[int, int]], ...] = ()) -> Generated:
    """Numpy functions of a system; ``shapes`` gives the shapes of its matrices.

    >>> kappa, lam = sp.symbols("kappa lam", positive=True)
    >>> from rmtsym.fixedpoint.system import Unknown
    >>> code = generate(FixedPointSystem((Unknown(kappa),), (sp.Eq(kappa, lam + kappa / (1 + kappa)),)))
    >>> code.residual(np.array([2.0]), np.array([1.0]))[1][0].tolist()
    [1.6666666666666665]
    """
    names = _Names()
    unknowns = tuple(str(u) for u in system.symbols)
    parameters = scalars_of(system)
    table = {name: names.take(name) for name in (*unknowns, *parameters)}
    measures, laws = [], {}
    for measure in system.measures:
        weights = names.take(f"{measure.name}_weights")
        letters = {x.name: names.take(f"{measure.name}_{x.name}") for x in measure.letters}
        measures.append((measure.name, tuple(letters)))
        laws[measure.name] = (weights, letters)
    matrices = {m.name: names.take(m.name) for m in matrices_of(system)}
    arguments = [table[n] for n in (*unknowns, *parameters)]
    for weights, letters in laws.values():
        arguments += [weights, *letters.values()]
    arguments += matrices.values()
    objects = {name: names.take(name) for name in system.objects}
    arguments += objects.values()
    functions: dict[str, Callable[..., Any]] = {}

    def function(title: str, write: Callable[[Walk], str]) -> str:
        program = Program()
        env: dict[str, Any] = {n: Term(program, text) for n, text in table.items()}
        for name, (weights, letters) in laws.items():
            law_letters = {k: Term(program, v) for k, v in letters.items()}
            env[name] = SimpleNamespace(letters=law_letters, weights=Term(program, weights))
        env |= {name: Term(program, text, dict(shapes)[name]) for name, text in matrices.items()}
        env |= {name: Term(program, text) for name, text in objects.items()}
        walk = Walk(Source(program), env)
        walk.bind_sizes(list(matrices_of(system)))
        result = write(walk)
        functions.update(program.functions)
        body = "\n".join(f"    {line}" for line in [*program.lines, f"return {result}"])
        return f"def {title}({', '.join(arguments)}):\n{body}\n"

    def residual(walk: Walk) -> str:
        sides = [_sides(eq) for eq in system.equations]
        left, right = [str(walk.value(x)) for x, _ in sides], [str(walk.value(x)) for _, x in sides]
        slopes = [
            _tuple([_tuple([str(walk.value(differentiate(side, u))) for u in system.symbols]) for side in column])
            for column in zip(*sides, strict=True)
        ]
        return f"{_tuple(left)}, {_tuple(right)}, {', '.join(slopes)}"

    def outputs(walk: Walk) -> str:
        conditions = [str(walk.value(c)) for c in (*system.conditions, *system.inside)]
        found = []
        for name, expr in system.outputs.items():
            value = walk.value(expr)
            walk.env[name] = value
            found.append(str(value))
        return f"{_tuple(conditions)}, {_tuple(found)}"

    source = f"{function('residual', residual)}\n\n{function('outputs', outputs)}"
    namespace: dict[str, Any] = {"np": np, **functions}
    if re.search(r"\b(erf|erfc|erfi|gamma|loggamma)\(", source):
        import scipy.special

        namespace |= {name: getattr(scipy.special, name) for name in _SPECIAL}
    exec(compile(source, "<fixed-point system>", "exec"), namespace)
    return Generated(
        unknowns, parameters, tuple(measures), tuple(matrices), tuple(objects), tuple(arguments), source,
        namespace["residual"], namespace["outputs"],
    )  # fmt: skip


def _sides(equation: sp.Eq) -> tuple[sp.Expr, sp.Expr]:
    """Both sides; the residual is measured against their size, so a sum equal to zero is split by signs."""
    left, right = equation.args
    if not (right == 0 and isinstance(left, sp.Add)):
        return left, right
    minus = sp.Add(*(term for term in left.args if term.could_extract_minus_sign()))
    return left - minus, -minus


def _tuple(items: Sequence[str]) -> str:
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def fixed_arguments(code: Generated, system: FixedPointSystem, point: Mapping[str, Any]) -> list[Any]:
    """Arguments after the parameters: atoms of the measures and matrices, as arrays, and the objects."""
    float_system = Float()
    values: list[Any] = []
    for measure in system.measures:
        letters, weights = float_system.atoms(point[measure.name], measure)
        values += [weights, *letters.values()]
    values += [float_system.matrix(point[name]) for name in code.matrices]
    return values + [point[name] for name in code.objects]
