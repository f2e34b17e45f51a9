"""The whole layer on a theorem whose answer is known: right under every seed, every mutant refuted."""

from fractions import Fraction as F

import numpy as np
import pytest

from rmtsym.simulate import Control, Experiment, Statistic, entries, refutation_rate, run, wishart_eigenvalues

POINTS = ({"c": F(1, 2), "lam": F(1, 2)}, {"c": F(2), "lam": F(1, 5)})


def statistics_of(w, lam):
    return {
        "m": float(np.mean(1 / (w + lam))),
        "m1": float(np.mean(w)),
        "m2": float(np.mean(w**2)),
        "m3": float(np.mean(w**3)),
    }


def eigenvalues(rng, size, point, law):
    return statistics_of(wishart_eigenvalues(rng, int(point["c"] * size), size), float(point["lam"]))


def dense(rng, size, point, law):
    x = entries(rng, (int(point["c"] * size), size), law)
    return statistics_of(np.linalg.eigvalsh(x @ x.T / size), float(point["lam"]))


def second_moment(point, size, law):
    return 1 + float(point["c"]) + 1 / size  # exact at every size, for Gaussian entries


def law(point, size, *, ratio=lambda c: c, branch=1, cube=3):
    c, lam = ratio(float(point["c"])), float(point["lam"])
    b = c - 1 - lam
    return {
        "m": (b + branch * np.sqrt(b**2 + 4 * c * lam)) / (2 * c * lam),
        "m1": 1.0,
        "m2": 1 + c,
        "m3": 1 + cube * c + c**2,
    }


def make(replicate, sizes, laws=("gauss",), controls=()):
    names = ("m", "m2", "m3")
    statistics = tuple(Statistic(n, resolution=0.05, controls=controls if n == "m" else ()) for n in names)
    return Experiment(replicate, sizes, statistics, points=POINTS, laws=laws, theorem="marchenko-pastur-test")


CONTROLS = (Control("m1", 1.0), Control("m2", second_moment))


def test_right_wrong_and_universal():
    samples = run(make(dense, (48, 96), ("gauss", "rad", "unif")), theory=law, looks=6)
    assert {o.status for o in samples.judge(law)} == {"ok"}
    for mutant in ({"ratio": lambda c: 1 / c}, {"branch": -1}, {"cube": 2}):
        assert "refuted" in {o.status for o in samples.judge(lambda p, n, m=mutant: law(p, n, **m))}


def test_control_variates_gain_and_do_not_bias():
    plain, reduced = (
        run(make(eigenvalues, (48, 96), controls=controls), looks=2).judge(law, statistics=["m"])
        for controls in ((), CONTROLS)
    )
    for without, using in zip(plain, reduced, strict=True):
        assert using.status != "refuted" and using.gain > 2 and using.se < without.se


def test_the_finite_size_coefficient_is_the_known_one():
    samples = run(make(eigenvalues, (24, 48)), looks=4)
    moment = next(o for o in samples.judge(law) if o.statistic == "m2")
    assert abs(moment.coefficient - 1) < 4 * moment.coefficient_se  # E m2 = 1 + c + 1/n


@pytest.mark.slow
@pytest.mark.montecarlo
def test_no_false_alarm_under_forty_seeds():
    assert refutation_rate(make(eigenvalues, (32, 64, 128), controls=CONTROLS), law, range(40), looks=2).events == 0
