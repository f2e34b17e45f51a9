"""Inverse moments of a Gaussian sketch: known wrong versions."""

from __future__ import annotations

from theory.sketching.gaussian_sketch_inverse_moments.statement import d, m, theorem, theta1, theta2

_second = m**2 / ((m - d) * (m - d - 1) * (m - d - 3))
theorem.mutant("m/(m-d), exact only in the limit", outputs={"theta1": m / (m - d)})
theorem.mutant("m for m - 1", outputs={"theta2": m * _second})
theorem.mutant("m - d - 2 for m - d - 3", outputs={"theta2": (m - 1) * m**2 / ((m - d) * (m - d - 1) * (m - d - 2))})
theorem.mutant("the trace of B forgotten", outputs={"theta2": (m - d - 1) * _second})
theorem.mutant("B transposed dropped", outputs={"sym": (m - d - 2) * _second, "skew": (m - d - 2) * _second})
theorem.mutant("the variance of an average not divided by q", outputs={"mse_exact": theta2 / theta1**2 - 1})
