"""Writing a derivation: one verb for each kind of step.

A derivation function receives a :class:`Proof` and writes steps with it::

    @theorem.derivation
    def derivation(proof):
        kappa_is = proof.define(Eq(kappa, lam * (1 + delta)), "the effective ridge")
        delta_is = proof.engine("one-point equivalent", equivalent, "resolvent trace", output=delta)
        kappa_eq = proof.substitute("kappa equation", Eq(kappa, lam + ...), "no delta", uses=[kappa_is, delta_is])
        proof.conclude("the stated system", uses=[kappa_eq, ...])

Every scalar claim is tested as an identity of rational functions on the solution variety of *the claims of the steps it
uses*: what a step does not name in ``uses``, it may not use.  Every check must reject wrong versions of its own claim
(given by the author, or generated); a step whose check has no power is inconclusive, and so is everything after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import sympy as sp

from rmtsym.errors import RmtsymError
from rmtsym.fixedpoint.system import FixedPointSystem
from rmtsym.theorem.derivation import Check, Derivation, Step
from rmtsym.theorem.evidence import Evidence
from rmtsym.theorem.mutation import variants

if TYPE_CHECKING:
    from rmtsym.theorem.theorem import Theorem

__all__ = ["Proof", "derive"]

_GENERATED = 6  # wrong versions generated for a step whose author gives none


@dataclass
class Proof:
    """Writes the steps of a derivation, one method for each kind; each returns the step, to be named in ``uses``.

    Without ``uses`` a step rests on the one before it.
    """

    theorem: Theorem
    steps: list[Step] = field(default_factory=list)

    def _uses(self, uses: Iterable[Step | str] | None) -> tuple[str, ...]:
        if uses is None:
            return (self.steps[-1].name,) if self.steps else ()
        return tuple(u.name if isinstance(u, Step) else str(u) for u in uses)

    def relations(self, uses: Sequence[str]) -> tuple[sp.Eq, ...]:
        """Claims of the named steps, as equations."""
        known = {s.name: s for s in self.steps}
        return tuple(eq for name in uses if name in known for eq in known[name].relations)

    def _add(self, step: Step) -> Step:
        if step.name in {s.name for s in self.steps}:
            raise RmtsymError(f"{self.theorem.id}: two steps are called {step.name!r}")
        self.steps.append(step)
        return step

    # -- the kinds ------------------------------------------------------------------------------------------------

    def define(self, claim: sp.Eq, reason: str, *, name: str = "", uses: Iterable[Step | str] = ()) -> Step:
        """Introduce a symbol: ``Eq(symbol, expression)``.  The symbol must be new and must not define itself.

        A matrix symbol stands for its definition in every step that uses it.

        ``uses`` names what makes the definition sensible (a root that exists, a place where a slope vanishes).
        """
        earlier = tuple(eq for s in self.steps for eq in s.relations)

        def check(claim: sp.Eq = claim) -> Evidence:
            symbol = claim.lhs
            if not isinstance(symbol, (sp.Symbol, sp.MatrixSymbol)):
                return Evidence.of(False, "definition", message=f"{symbol} is not a symbol")
            if claim.rhs.has(symbol):
                return Evidence.of(False, "definition", message=f"{symbol} is defined by itself")
            if any(eq.has(symbol) for eq in earlier):
                return Evidence.of(False, "definition", message=f"{symbol} is not new")
            return Evidence.of(True, f"{symbol} is new and not circular", resolution=0.0)

        circular = sp.Eq(claim.lhs, claim.rhs + claim.lhs, evaluate=False)
        wrong = (("circular definition", lambda: check(circular)),)
        title = name or f"definition of {claim.lhs}"
        return self._add(Step(title, "definition", (claim,), reason, self._uses(uses), check, wrong))

    def identity(
        self,
        name: str,
        claim: Any,
        reason: str,
        *,
        uses: Iterable[Step | str] | None = (),
        wrong: Sequence[Any] = (),
        kind: str = "identity",
        spectra: Mapping[Any, Any] | None = None,
    ) -> Step:
        """Exact identity: one ``Eq`` or several, or a pair (left, right) of matrix expressions.

        Scalars: zero test on the solution variety of the claims used.  Matrices: both sides at random matrices over
        GF(2^61-1).  ``wrong`` are wrong right-hand sides (generated ones if none are given).  ``spectra`` says which
        measures are spectra of which matrices, ``{nu: {s: Sigma}}``: averages then are normalised traces.
        """
        from rmtsym.theorem import exact

        named = self._uses(uses)
        relations = self.relations(named)
        claims = tuple(claim) if isinstance(claim, list) else (claim,)

        def test(one: Any) -> Evidence:
            if isinstance(one, sp.Eq):
                return exact.vanishes(one.lhs - one.rhs, relations, **({"spectra": spectra} if spectra else {}))
            return exact.same_matrix(one[0], one[1])

        def check() -> Evidence:
            return exact.all_of([test(one) for one in claims])

        def replaced(one: Any, right: Any) -> Any:
            return sp.Eq(one.lhs, right, evaluate=False) if isinstance(one, sp.Eq) else (one[0], right)

        versions = [(str(w), replaced(claims[0], w)) for w in wrong]
        if not versions:
            versions = [
                (label, replaced(one, w)) for one in claims for label, w in exact.wrong_sides(one, limit=_GENERATED)
            ]
        checks = tuple((label, lambda one=one: test(one)) for label, one in versions)
        return self._add(Step(name, kind, claims, reason, named, check, checks, generated=not wrong))

    def substitute(
        self, name: str, claim: Any, reason: str, *, uses: Iterable[Step | str] | None = None, wrong: Sequence[Any] = ()
    ) -> Step:
        """Exact consequence of the claims of the steps used (the one before by default)."""
        return self.identity(name, claim, reason, uses=self._uses(uses), wrong=wrong, kind="substitution")

    def derivative(
        self,
        name: str,
        claim: sp.Eq,
        reason: str,
        *,
        of: Any,
        by: sp.Symbol,
        through: Mapping[sp.Symbol, Any] | None = None,
        at: Any = None,
        uses: Iterable[Step | str] | None = None,
        wrong: Sequence[Any] = (),
    ) -> Step:
        """The claim's left side is the total derivative of ``of`` with respect to ``by``.

        ``through`` gives the derivatives of the unknowns that ``of`` depends on, ``at`` a value of ``by`` at which the
        derivative is taken.  An equation ``of = Eq(f, g)`` is differentiated on both sides: then the claim's left side
        is the derivative that its right side gives (implicit differentiation).
        """
        from rmtsym.field.differentiate import differentiate
        from rmtsym.theorem import exact

        named = self._uses(uses)
        relations = self.relations(named)
        moving = dict(through or {})
        implicit = isinstance(of, sp.Eq)
        body = of.lhs - of.rhs if implicit else sp.sympify(of)

        def total(rates: Mapping[sp.Symbol, Any]) -> sp.Expr:
            slope = differentiate(body, by) + sum((differentiate(body, u) * r for u, r in rates.items()), sp.S.Zero)
            return slope.subs(by, at) if at is not None else slope

        def test(one: sp.Eq) -> Evidence:
            if implicit:
                return exact.vanishes(total({u: one.rhs if r == one.lhs else r for u, r in moving.items()}), relations)
            return exact.vanishes(one.rhs - total(moving), relations)

        versions = [(str(w), sp.Eq(claim.lhs, w, evaluate=False)) for w in wrong]
        versions = versions or list(exact.wrong_equations(claim, limit=_GENERATED))
        checks = tuple((label, lambda bad=bad: test(bad)) for label, bad in versions)
        return self._add(
            Step(name, "substitution", (claim,), reason, named, lambda: test(claim), checks, generated=not wrong)
        )

    def continuity(
        self, name: str, step: Step, at: Mapping[sp.Symbol, Any], reason: str, *, uses: Iterable[Step | str] = ()
    ) -> Step:
        """Claims of an earlier step at a limit point where both sides are regular (a difference quotient at t = 0).

        The claims are rewritten mechanically; the check is that they are finite there, at random points over GF(2^61-1)
        on the variety of the claims in ``uses``.
        """
        from rmtsym.theorem import exact

        named = (step.name, *self._uses(uses))
        relations = tuple(
            sp.Eq(*(side.subs(at, simultaneous=True) for side in eq.args), evaluate=False)
            for eq in self.relations(named[1:])
        )
        moved = [
            sp.Eq(*(side.subs(at, simultaneous=True) for side in eq.args), evaluate=False) for eq in step.relations
        ]
        singular = [
            (f"divided by {symbol}", sp.Eq(eq.lhs / (symbol - value), eq.rhs, evaluate=False))
            for eq in step.relations
            for symbol, value in at.items()
        ]

        def test(eq: sp.Eq) -> Evidence:
            return exact.regular(eq.lhs + 2 * eq.rhs, relations)

        def check() -> Evidence:
            return exact.all_of([test(eq) for eq in moved])

        wrong = tuple(
            (label, lambda eq=eq: test(sp.Eq(*(x.subs(at, simultaneous=True) for x in eq.args), evaluate=False)))
            for label, eq in singular
        )
        return self._add(Step(name, "substitution", tuple(moved), reason, named, check, wrong))

    def moment(
        self,
        name: str,
        claim: sp.Eq | list[sp.Eq],
        reason: str,
        *,
        check: Callable[[sp.Eq], Evidence],
        uses: Iterable[Step | str] | None = (),
        wrong: Sequence[Any] = (),
    ) -> Step:
        """Gaussian moments in closed form, one ``Eq`` or several; ``check`` compares a claim with a rigorous integral.

        ``wrong`` are wrong right-hand sides of the first claim, or whole equations.
        """
        from rmtsym.theorem import exact

        claims = tuple(claim) if isinstance(claim, list) else (claim,)
        versions = [
            (f"{w.lhs} = {w.rhs}", w) if isinstance(w, sp.Eq) else (str(w), sp.Eq(claims[0].lhs, w, evaluate=False))
            for w in wrong
        ] or [
            (label, sp.Eq(one.lhs, w, evaluate=False))
            for one in claims
            for label, w in list(variants(one.rhs))[: _GENERATED if len(claims) == 1 else 2]
        ]
        checks = tuple((label, lambda one=one: check(one)) for label, one in versions)

        def check_all() -> Evidence:
            return exact.all_of([check(one) for one in claims], [str(one.lhs) for one in claims])

        return self._add(Step(name, "moment", claims, reason, self._uses(uses), check_all, checks, not wrong))

    def parts(
        self,
        name: str,
        claim: sp.Eq,
        reason: str,
        *,
        field: Any,
        of: sp.MatrixSymbol,
        means: Mapping[sp.Symbol, Any],
        uses: Iterable[Step | str] | None = (),
        wrong: Sequence[sp.Eq] = (),
    ) -> Step:
        """Integration by parts for a matrix ``of`` of independent standard Gaussian entries.

        The claim has the mean of the divergence of ``field`` on its left, the mean of its scalar product with ``of`` on
        its right; ``means`` says what each symbol is the mean of.  Both sides are tested before the mean is taken.
        """
        from rmtsym.theorem import parts

        named = self._uses(uses)
        relations = self.relations(named)

        def test(one: sp.Eq) -> Evidence:
            return parts.check(one, field, of, means, relations)

        versions = [(str(w), w) for w in wrong] or list(parts.wrong_claims(claim, limit=_GENERATED))
        checks = tuple((label, partial(test, bad)) for label, bad in versions)
        return self._add(Step(name, "parts", (claim,), reason, named, partial(test, claim), checks, not wrong))

    def engine(
        self,
        name: str,
        equivalent: Any,
        reason: str,
        *,
        output: sp.Symbol | None = None,
        uses: Iterable[Step | str] | None = (),
    ) -> Step:
        """Result of ``deterministic_equivalent``: its equations, and ``Eq(output, ...)`` for the value of the trace.

        The engine's certificate is confirmed by exact moments that do not use the engine.
        """
        from rmtsym.theorem import oracle

        claims = oracle.claims(equivalent, output)
        wrong = tuple(
            (label, lambda bad=bad: oracle.check(equivalent, bad)) for label, bad in oracle.wrong_systems(equivalent)
        )
        return self._add(
            Step(
                name,
                "engine",
                claims,
                reason,
                self._uses(uses),
                lambda: oracle.check(equivalent, equivalent.system),
                wrong,
                generated=True,
            )
        )

    def asymptotic(
        self,
        name: str,
        claim: Any,
        reason: str,
        *,
        deviation: Callable[[Any, int], float],
        exponent: float = -0.5,
        sizes: Sequence[int] = (50, 100, 200, 400, 800),
        replicates: int = 64,
        uses: Iterable[Step | str] | None = (),
    ) -> Step:
        """Limit: ``deviation(rng, n)`` draws left side minus right side; its rms must fall like ``n**exponent``."""
        from rmtsym.theorem import rate

        draws = rate.Draws(deviation, tuple(sizes), replicates, f"{self.theorem.id}/{name}")
        claims = claim if isinstance(claim, (tuple, list)) else (claim,)
        return self._add(
            Step(
                name,
                "asymptotic",
                tuple(claims),
                reason,
                self._uses(uses),
                lambda: rate.check(draws, exponent),
                rate.wrong(draws, exponent),
            )
        )

    def assume(self, name: str, claim: Any, source: str, *, uses: Iterable[Step | str] | None = ()) -> Step:
        """Cited, not derived: visible as such in the verdict."""
        claims = tuple(claim) if isinstance(claim, (tuple, list)) else (claim,)

        def check() -> Evidence:
            return Evidence.of(bool(source) or None, f"cited: {source}", message="assumed, not derived")

        return self._add(Step(name, "assumed", claims, source, self._uses(uses), check))

    def conclude(
        self,
        reason: str = "the stated system",
        *,
        uses: Iterable[Step | str] | None = None,
        apart: Sequence[Iterable[Step | str]] = (),
        regime: str = "",
        check: Check | None = None,
        wrong: Sequence[tuple[str, Check]] = (),
    ) -> Step:
        """End in exactly the stated system of a regime: every equation and every output, by a zero test.

        Where a regime has several systems, ``apart`` gives one group of steps for each in place of ``uses``: the claims
        of a system may use its own group only, and relations of different systems need not be solved together.

        What a system that is not written in sympy says is concluded by a ``check`` of one's own, with its wrong
        versions; the systems beside it in the regime still by the zero test.
        """
        from rmtsym.theorem import exact

        groups = [self._uses(group) for group in apart] or [self._uses(uses)]
        named = tuple(dict.fromkeys(name for group in groups for name in group))
        stated = [r for r in self.theorem.regimes() if not regime or r.name == regime]
        if not stated:
            raise RmtsymError(f"{self.theorem.id} has no regime {regime!r}")
        systems = [s for s in stated[0].systems if isinstance(s, FixedPointSystem)]
        claims = tuple(eq for s in systems for eq in exact.system_claims(s))
        if apart and len(apart) != len(systems):
            raise RmtsymError(f"{self.theorem.id}: {len(apart)} groups of steps for {len(systems)} systems")
        mixed = 0 < len(systems) < len(stated[0].systems)
        zero_test: Callable[[sp.Eq], Evidence] | None = None
        if check is None or mixed:
            if check is None and len(systems) < len(stated[0].systems):
                raise RmtsymError(f"{self.theorem.id}: a system that is not written in sympy needs a check of its own")

            def test(one: sp.Eq) -> Evidence:
                mine = (
                    group
                    for group, system in zip(groups, systems, strict=False)
                    for eq in exact.system_claims(system)
                    if one.rhs == eq.rhs or (eq.lhs.free_symbols and one.lhs == eq.lhs)
                )
                return exact.vanishes(one.lhs - one.rhs, self.relations(next(mine, groups[0])))

            def check_all(own: Check | None = check) -> Evidence:
                parts, names = [test(one) for one in claims], [str(one.lhs) for one in claims]
                return exact.all_of([*parts, own()], [*names, "own check"]) if own else exact.all_of(parts, names)

            check, zero_test = check_all, test
            generated = tuple(
                (f"{label} in {one.lhs}", partial(test, bad))
                for one in claims
                for label, bad in exact.wrong_equations(one, limit=2)
            )
            wrong = (*wrong, *generated)
        title = f"conclusion ({stated[0].name})" if stated[0].name else "conclusion"
        made = zero_test is not None
        return self._add(
            Step(title, "conclusion", claims, reason, named, check, tuple(wrong), made, stated[0].name, zero_test)
        )


def derive(theorem: Theorem) -> Derivation:
    """The derivation of a theorem, written but not yet checked."""
    if theorem._derivation is None:
        return Derivation(theorem.id, ())
    proof = Proof(theorem)
    theorem._derivation(proof)
    return Derivation(theorem.id, tuple(proof.steps))


@lru_cache(maxsize=4)
def derivation_of(theorem: Theorem) -> Derivation:
    """The same, kept, because a worker is asked for one step after another."""
    return derive(theorem)
