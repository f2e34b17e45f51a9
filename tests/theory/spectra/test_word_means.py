"""Exact means of traces of words, against draws."""

import numpy as np
import pytest

from rmtsym.simulate.ensembles import wigner
from rmtsym.theorem import get
from theory.spectra.word_means import mean_trace

WORDS = ("aa", "aabb", "abab", "aaaabb", "aabaab", "aaabab", "abbaabba")


@pytest.mark.parametrize("law", ["gauss", "rad"])
def test_means_of_words(law):
    size, rng = 5, np.random.default_rng(0)
    found = {word: [] for word in WORDS}
    for _ in range(6_000):
        pair = dict(zip("ab", (wigner(rng, size, law), wigner(rng, size, law)), strict=True))
        for word, values in found.items():
            product = np.eye(size)
            for letter in word:
                product = product @ pair[letter]
            values.append(np.trace(product) / size)
    for word, values in found.items():
        error = np.std(values) / np.sqrt(len(values)) + 1e-12
        assert abs(np.mean(values) - mean_trace(word, size, law)) < 5 * error, word


def test_every_control_of_the_anticommutator_has_its_mean():
    from theory.spectra.free_anticommutator import STATISTICS, replicate

    get("free-anticommutator")
    rng, size = np.random.default_rng(1), 6
    draws = [replicate(rng, size, {"x": 5}, "rad") for _ in range(1500)]
    for control in {c.output: c for s in STATISTICS for c in s.controls}.values():
        values = np.array([d[control.output] for d in draws])
        error = values.std() / np.sqrt(len(values)) + 1e-12
        assert abs(values.mean() - control.mean_at({}, size, "rad")) < 5 * error, control.output
