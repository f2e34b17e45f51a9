import numpy as np
import pytest
import sympy as sp

from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.fixedpoint.system import FixedPointSystem, Unknown
from rmtsym.theorem import Derivation, Parameter, Quantity, Regime, Status, Theorem, derive

s, kappa, lam, c, delta = sp.symbols("s kappa lam c delta", positive=True)
df = sp.Symbol("df")
nu = SpectralMeasure("nu", s)


RIGHT = sp.Eq(kappa, lam + c * kappa * Average(s / (s + kappa), nu))


def effective_ridge(write, right=RIGHT):
    theorem = Theorem(
        id="effective-ridge",
        title="",
        family="toy",
        parameters=(Parameter("c", ""), Parameter("lam", "")),
        quantities=(Quantity("df", ""),),
    )
    system = FixedPointSystem((Unknown(kappa),), (right,), {"df": 1 - kappa * Average(1 / (s + kappa), nu)})
    theorem.statement(lambda: system)
    theorem.derivation(write)
    return derive(theorem)


def good(proof):
    ridge = proof.define(sp.Eq(kappa, lam * (1 + delta)), "effective ridge")
    cited = proof.assume("trace lemma", sp.Eq(delta, c * Average(s / (lam + s / (1 + delta)), nu)), "a lemma")
    equation = proof.substitute("kappa", RIGHT, "no delta", uses=[ridge, cited])
    freedom = proof.define(sp.Eq(df, Average(s / (s + kappa), nu)), "degrees of freedom")
    proof.conclude(uses=[equation, freedom])


def test_a_right_derivation_passes_and_shows_what_is_assumed():
    report = effective_ridge(good).run()
    assert report.status is Status.VERIFIED, str(report)
    assert [step.name for step in report.assumed] == ["trace lemma"]
    exact = [r for r in report.results if r.step.kind in ("substitution", "conclusion")]
    assert all(r.rejected > 0 and r.evidence.resolution < 1e-15 for r in exact)
    assert "ASSUMED" in str(report)


@pytest.mark.parametrize(
    "wrong",
    [
        sp.Eq(kappa, lam + kappa * Average(s / (s + kappa), nu)),
        sp.Eq(kappa, lam - c * kappa * Average(s / (s + kappa), nu)),
        sp.Eq(kappa, lam + c * kappa * Average(s / (s + lam), nu)),
    ],
)
def test_another_statement_is_refuted(wrong):
    report = effective_ridge(good, wrong).run()
    assert report.status is Status.REFUTED
    assert report.results[-1].status is Status.REFUTED


def test_what_rests_on_a_failed_step_is_not_reached():
    def write(proof):
        bad = proof.identity("binomial", sp.Eq((s + 1) ** 2, s**2 + 1), "wrong")
        proof.conclude(uses=[bad])

    report = effective_ridge(write).run()
    assert [r.status for r in report.results] == [Status.REFUTED, Status.INCONCLUSIVE]
    assert "binomial" in report.results[-1].evidence.message


def test_a_claim_may_use_only_what_it_names():
    def write(proof):
        proof.assume("fixed point", RIGHT, "cited")
        proof.identity("kappa", sp.Eq(kappa - lam, c * kappa * Average(s / (s + kappa), nu)), "not from nothing")

    assert effective_ridge(write).run().results[-1].status is Status.REFUTED


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda p: None, "no steps"),
        (lambda p: p.define(sp.Eq(df, s), ""), "conclusion"),
        (lambda p: (p.define(sp.Eq(df, s), ""), p.conclude(uses=["nowhere"])), "'nowhere'"),
        (lambda p: (p.define(sp.Eq(df, s), ""), p.define(sp.Eq(delta, s), ""), p.conclude(uses=["definition of df"])),
         "'definition of delta' is used by nothing"),
        (lambda p: p.conclude(uses=[]), "follows from nothing"),
    ],
)  # fmt: skip
def test_broken_chains_fail(write, words):
    derivation = effective_ridge(write)
    assert words in derivation.broken()
    assert derivation.run().status is not Status.VERIFIED


@pytest.mark.parametrize(
    "claim", [sp.Eq(df, df + 1, evaluate=False), sp.Eq(s + 1, 2, evaluate=False), sp.Eq(kappa, lam)]
)
def test_definitions_must_be_new_and_not_circular(claim):
    def write(proof):
        proof.assume("earlier", sp.Eq(kappa, 2 * lam), "cited")
        proof.define(claim, "", name="new")

    assert effective_ridge(write).run().results[-1].status is Status.REFUTED


def test_an_author_s_wrong_version_that_passes_takes_the_power_away():
    def write(proof):
        proof.identity("square", sp.Eq((s + 1) ** 2, s**2 + 2 * s + 1), "expand", wrong=[1 + 2 * s + s**2 + 0 * c])

    result = effective_ridge(write).run().results[0]
    assert result.status is Status.INCONCLUSIVE
    assert "accepts" in result.evidence.message


@pytest.mark.parametrize("swapped", [False, True])
def test_systems_that_are_concluded_apart_may_use_their_own_steps_only(swapped):
    mu = sp.Symbol("mu", positive=True)
    other = sp.Eq(mu, c / (1 + mu))
    theorem = Theorem(
        id="two-systems", title="", family="toy", parameters=(Parameter("c", ""), Parameter("lam", "")), quantities=()
    )
    systems = (FixedPointSystem((Unknown(kappa),), (RIGHT,)), FixedPointSystem((Unknown(mu),), (other,)))
    theorem.statement(lambda: Regime(systems))

    def write(proof):
        steps = [[proof.assume("first", RIGHT, "cited")], [proof.assume("second", other, "cited", uses=[])]]
        proof.conclude(apart=steps[::-1] if swapped else steps)

    theorem.derivation(write)
    last = derive(theorem).run().results[-1]
    assert last.status is (Status.REFUTED if swapped else Status.VERIFIED), last.evidence.message
    assert swapped or last.rejected == last.tried > 0


def test_matrix_identity():
    n = sp.Symbol("n", integer=True, positive=True)
    a, b = sp.MatrixSymbol("A", n, n), sp.MatrixSymbol("B", n, n)

    def write(proof):
        resolvent = sp.Eq(a.I - b.I, a.I * (b - a) * b.I, evaluate=False)
        proof.identity("resolvent identity", resolvent, "multiply by A and B")
        proof.identity("commutes", sp.Eq(a * b, b * a, evaluate=False), "wrong")

    results = effective_ridge(write).run().results
    assert [r.status for r in results] == [Status.VERIFIED, Status.REFUTED]
    assert results[0].rejected > 0


def test_a_matrix_may_be_defined():
    n = sp.Symbol("n", integer=True, positive=True)
    a, b, d = (sp.MatrixSymbol(name, n, n) for name in "ABD")

    def write(proof):
        product = proof.define(sp.Eq(a, d * d.T, evaluate=False), "a product")
        proof.substitute("trace", sp.Eq(sp.Trace(a * b), sp.Trace(d.T * b * d)), "cyclic", uses=[product])
        proof.define(sp.Eq(b, b * d, evaluate=False), "circular")
        proof.define(sp.Eq(a, 2 * d, evaluate=False), "not new", name="again")

    assert [r.status for r in effective_ridge(write).run().results] == [Status.VERIFIED] * 2 + [Status.REFUTED] * 2


@pytest.mark.parametrize(("exponent", "status"), [(-0.5, Status.VERIFIED), (-1, Status.REFUTED), (0.0, Status.REFUTED)])
def test_a_rate_is_tested(exponent, status):
    def deviation(rng, n):
        return float(np.mean(rng.standard_normal(n)))

    def write(proof):
        proof.asymptotic("mean", sp.Eq(df, 0), "independent terms", deviation=deviation, exponent=exponent)

    result = effective_ridge(write).run().results[0]
    assert result.status is status
    assert abs(result.evidence.figures["exponent"] + 0.5) < 0.15


def test_a_deviation_that_does_not_fall_is_refuted():
    def write(proof):
        proof.asymptotic("mean", sp.Eq(df, 0), "", deviation=lambda rng, n: 0.3 + float(rng.standard_normal()) / n)

    assert effective_ridge(write).run().results[0].status is Status.REFUTED


def test_the_report_is_the_same_twice():
    assert str(effective_ridge(good).run()) == str(effective_ridge(good).run())


def test_an_empty_derivation_is_inconclusive():
    assert Derivation("x", ()).run().status is Status.INCONCLUSIVE
