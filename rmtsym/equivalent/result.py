"""The deterministic equivalent of a random-matrix expression, as an object to read, solve and check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from itertools import permutations
from typing import Any

import sympy as sp

from rmtsym.equivalent.certificate import PLANAR, Certificate, planar_agreement
from rmtsym.equivalent.derive import Derived, derive
from rmtsym.errors import DomainError, UnsupportedModel
from rmtsym.field.value import Value
from rmtsym.fixedpoint.system import Continuation, FixedPointSystem, Unknown
from rmtsym.matrix import Expression, Inverse, Space, planar_moments, sample, substitute

__all__ = ["Equivalent", "deterministic_equivalent", "response"]

LARGE = 10**6  # ridge at which every system is close to its weak-noise value


class Equivalent:
    """Deterministic equivalent of one or several normalised traces; made by :func:`deterministic_equivalent`.

    Attributes
    ----------
    system : FixedPointSystem
        Equations, unknowns with their domains, named outputs.
    certificate : Certificate
        Identifications made and the identities that prove them (of the first expression; all are in ``certificates``).
    """

    def __init__(self, derived: Mapping[str, Derived]) -> None:
        self.derived = dict(derived)
        self.system = _combine(self.derived)

    def __repr__(self) -> str:
        lines = [f"{e.lhs} = {e.rhs}" for e in self.equations]
        return "\n".join([*lines, *(f"{name} = {x}" for name, x in self.outputs.items())])

    # ------------------------------------------------------------------------------------------------- reading

    @property
    def first(self) -> Derived:
        return next(iter(self.derived.values()))

    @property
    def equations(self) -> tuple[sp.Eq, ...]:
        """One equation ``Eq(unknown, right hand side)`` for each unknown."""
        return self.system.equations

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        """Unknowns with the domain of their physical value."""
        return self.system.unknowns

    @property
    def outputs(self) -> Mapping[str, sp.Expr]:
        """Normalised traces by name."""
        return self.system.outputs

    @property
    def output(self) -> sp.Expr:
        """The (first) normalised trace."""
        return next(iter(self.system.outputs.values()))

    @property
    def certificate(self) -> Certificate:
        """Certificate of the (first) expression."""
        return next(iter(self.certificates.values()))

    @cached_property
    def certificates(self) -> dict[str, Certificate]:
        """Certificates by output name, with the comparison with planar moments where there are any."""
        result = {}
        for name, d in self.derived.items():
            planar = None if d.source is not None else planar_agreement(d.expression, d.dyson)
            good = d.certificate.verified and planar in (None, PLANAR + 1)
            result[name] = replace(d.certificate, planar=planar, verified=good)
        return result

    @property
    def spectral(self) -> sp.Symbol | None:
        """The complex spectral parameter, if there is one."""
        return self.first.spectral

    @property
    def expression(self) -> Expression:
        return self.first.expression

    def matrix_form(self, name: str | None = None) -> tuple[sp.Expr, Space]:
        """Function f of the spectral letters with ``expression <-> f(letters)`` as matrices, and its space.

        The output is the average of f over the space: for ``Q = (Sigma^{1/2} Z'Z Sigma^{1/2} + lam)^{-1}`` with
        ``Sigma = s^2`` it is ``(kappa/lam)/(kappa + s^2)``, i.e. ``Q <-> (kappa/lam)(Sigma + kappa)^{-1}``.
        """
        return self._functions[name if name is not None else next(iter(self.derived))]

    @cached_property
    def _functions(self) -> dict[str, tuple[sp.Expr, Space]]:
        return {name: (self._renamed[name][1], d.laws.outputs[d.output].space) for name, d in self.derived.items()}

    @cached_property
    def _renamed(self) -> dict[str, tuple[sp.Expr, sp.Expr]]:
        mappings = _identify(self.derived)[1]
        return {
            name: tuple(x["trace"].xreplace(mappings[name]) for x in (d.written.outputs, d.written.functions))  # type: ignore[misc]
            for name, d in self.derived.items()
        }

    def latex(self) -> str:
        """Equations and outputs as an aligned LaTeX block."""
        free = set().union(*(x.free_symbols for x in (*self.equations, *self.outputs.values())))
        names = {s: r"\lambda" for s in free if str(s) == "lam"}  # a name that sympy does not know

        def shown(x: sp.Expr) -> str:
            return sp.latex(x, symbol_names=names)

        lines = [rf"{shown(e.lhs)} &= {shown(e.rhs)}" for e in self.equations]
        lines += [rf"\mathrm{{{name}}} &= {shown(x)}" for name, x in self.outputs.items()]
        return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"

    def _repr_latex_(self) -> str:
        return f"$${self.latex()}$$"

    # ------------------------------------------------------------------------------------------------- numbers

    def solve(self, point: Mapping[str, Any], **options: Any) -> Any:
        """Floating-point solution (:func:`rmtsym.fixedpoint.solve`)."""
        from rmtsym.fixedpoint import solve

        return solve(self.system, point, **options)

    def enclose(self, point: Mapping[str, Any], digits: int = 15, **options: Any) -> dict[str, Value]:
        """Certified balls around unknowns and outputs (:func:`rmtsym.fixedpoint.enclose`)."""
        from rmtsym.fixedpoint import enclose

        return enclose(self.system, point, digits=digits, **options)

    def reference(self, point: Mapping[str, Any], name: str | None = None) -> complex:
        """Output from the *unreduced* Dyson equation in floating point, an independent check of the reduced system."""
        from rmtsym.equivalent.numeric import reference

        return reference(self.derived[name] if name is not None else self.first, point)

    def sample(self, sizes: int | Mapping[str, int], rng: Any, **options: Any) -> Any:
        """One random draw of the expression (:func:`rmtsym.matrix.sample`)."""
        return sample(self.expression, sizes, rng, **options)

    def moments(self, order: int, bindings: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
        """Exact moments of M for an expression ``(M - z)^{-1}`` (:func:`rmtsym.matrix.planar_moments`)."""
        body = self.expression.body if isinstance(self.expression, Inverse) else None
        if body is None or self.spectral is None:
            raise UnsupportedModel(f"{self.expression} is not a resolvent inverse(M - z); moments are those of M")
        return planar_moments(substitute(body, {self.spectral: 0}), order, bindings)

    def curve(self, **options: Any) -> Any:
        """Polynomial relation P(m, z) = 0 (:func:`rmtsym.equivalent.eliminate.curve`)."""
        from rmtsym.equivalent.eliminate import curve

        return curve(self.first, **options)

    def outlier(self, at: Mapping[sp.Expr, Any], **options: Any) -> Any:
        """Outlier at a spike of mass zero (:func:`rmtsym.equivalent.outlier.outlier`)."""
        from rmtsym.equivalent.outlier import outlier

        return outlier(self.first, at, **options)


def deterministic_equivalent(
    expression: Expression | Mapping[str, Expression], *, spectral: sp.Symbol | None = None, name: str = "trace"
) -> Equivalent:
    r"""Deterministic equivalent of the normalised trace of a random-matrix expression.

    For a square expression M of dimension d built from independent Gaussian, Wigner and free letters and deterministic
    matrices, :math:`\frac1d \operatorname{tr} M` converges to the output of the returned system.

    Parameters
    ----------
    expression : Expression, or mapping from name to Expression
        Square matrix expression; several are derived one by one and share the unknowns whose equations agree.
    spectral : sympy.Symbol, optional
        The complex spectral parameter; by default the symbol z of an inverse ``(M - z)^{-1}``.
    name : str
        Name of the output of a single expression.

    Returns
    -------
    Equivalent

    Raises
    ------
    DomainError
        For anything that is not a matrix expression.
    ShapeError
        For an expression that is not square.
    UnsupportedModel
        For a model outside the reach of the engine, with the reason.

    Examples
    --------
    >>> from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
    >>> phi, lam, s = sp.symbols("phi lam s", positive=True)
    >>> n, d = Space("n"), Space("d", phi, letters=(s,))
    >>> X = Gaussian("Z", n, d) @ Deterministic(s, d)
    >>> deterministic_equivalent(inverse(X.T @ X + lam))
    kappa = kappa*phi*E_d[s**2/(kappa + s**2)] + lam
    trace = kappa*E_d[1/(kappa + s**2)]/lam

    References
    ----------
    Far, Oraby, Bryc, Speicher (2008), arXiv:cs/0610045; Helton, Mai, Speicher (2018), arXiv:1511.05330.
    """
    given = dict(expression) if isinstance(expression, Mapping) else {name: expression}
    if not given or not all(isinstance(x, Expression) for x in given.values()):
        kinds = ", ".join(sorted({type(x).__name__ for x in given.values()})) or "nothing"
        hint = "rmtsym.matrix has its letters; rmtsym.matrix.parse_model reads text"
        raise DomainError("expression", kinds, "a matrix expression", hint)
    return Equivalent({key: derive(x, spectral) for key, x in given.items()})


def response(
    expression: Expression, source: sp.Symbol, *, spectral: sp.Symbol | None = None, name: str = "trace"
) -> Equivalent:
    r"""Deterministic equivalent of the derivative of a normalised trace in a source, at source zero.

    With :math:`Q = K^{-1}` the derivative of :math:`\operatorname{tr}(K - tA)^{-1}B` at t = 0 is
    :math:`\operatorname{tr} QAQB`: a second route to bias and variance functionals.

    Parameters
    ----------
    expression : Expression
        Square expression that holds ``source`` as a scalar.
    source : sympy.Symbol

    Examples
    --------
    >>> from rmtsym.matrix import Gaussian, Identity, Space, inverse
    >>> phi, lam, t = sp.symbols("phi lam t", positive=True)
    >>> d = Space("d", phi)
    >>> X = Gaussian("X", Space("n"), d)
    >>> response(inverse(X.T @ X + (lam - t) * Identity(d)), t).certificate.verified
    True
    """
    return Equivalent({name: derive(expression, spectral, source=source)})


def _identify(derived: Mapping[str, Derived]) -> tuple[list[tuple[sp.Symbol, sp.Eq, Derived]], dict[str, dict]]:
    """Unknowns of all derivations; a set of unknowns that solves equations already present is not repeated."""
    kept: list[tuple[sp.Symbol, sp.Eq, Derived]] = []
    mappings: dict[str, dict[sp.Symbol, sp.Symbol]] = {}
    for name, d in derived.items():
        mapping: dict[sp.Symbol, sp.Symbol] = {}
        equations = dict(zip(d.written.unknowns, d.written.equations, strict=True))
        known = {e for _, e, _ in kept}
        symbols = [s for s, _, _ in kept]
        for component in _components(equations):
            match = None
            if len(component) <= 3:
                for chosen in permutations(symbols, len(component)):
                    trial = {**mapping, **dict(zip(component, chosen, strict=True))}
                    if all(_rename(equations[s], trial) in known for s in component):
                        match = trial
                        break
            if match is not None:
                mapping = match
                continue
            for s in component:
                new, k = s, 1
                while new in symbols:
                    new = sp.Symbol(f"{str(s).rstrip('0123456789')}{k}")
                    k += 1
                mapping[s] = new
                symbols.append(new)
            kept += [(mapping[s], _rename(equations[s], mapping), d) for s in component]
        mappings[name] = mapping
    return kept, mappings


def _rename(equation: sp.Eq, mapping: Mapping[sp.Symbol, sp.Symbol]) -> sp.Eq:
    return sp.Eq(equation.lhs.xreplace(dict(mapping)), equation.rhs.xreplace(dict(mapping)), evaluate=False)


def _components(equations: Mapping[sp.Symbol, sp.Eq]) -> list[list[sp.Symbol]]:
    from rmtsym.equivalent.reduce import strongly_connected

    return strongly_connected({s: e.rhs.free_symbols & set(equations) for s, e in equations.items()})


def _combine(derived: Mapping[str, Derived]) -> FixedPointSystem:
    kept, mappings = _identify(derived)
    unknowns, guesses = [], {}
    for name, d in derived.items():
        mapping = mappings[name]
        for s in d.written.unknowns:
            new = mapping[s]
            if new not in guesses and s in d.guesses:
                guesses[new] = d.guesses[s].xreplace(mapping)
    for s, _, d in kept:
        old = next(o for o, new in mappings[next(k for k, x in derived.items() if x is d)].items() if new == s)
        unknowns.append(Unknown(s, d.domains.get(old, "real")))
    outputs = {name: d.written.outputs["trace"].xreplace(mappings[name]) for name, d in derived.items()}
    first = next(iter(derived.values()))
    continuation = None
    parameter = first.spectral if first.spectral is not None else first.ridge
    if parameter is not None and all(s in guesses for s, _, _ in kept) and kept:
        start = 1000 * sp.I if first.spectral is not None else sp.Integer(LARGE)
        continuation = Continuation(parameter, start, {s: guesses[s] for s, _, _ in kept})
    return FixedPointSystem(
        tuple(unknowns), tuple(e for _, e, _ in kept), outputs, conditions=(), continuation=continuation
    )
