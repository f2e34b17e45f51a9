"""Every fixed-point system that a theorem states: solved and enclosed at its points and at hard ones."""

import numpy as np
import pytest

from rmtsym.fixedpoint import FixedPointSystem, solve
from rmtsym.theorem import get, predict
from rmtsym.theorem.registry import index
from rmtsym.theorem.statement import used

# near thresholds, edges and vanishing ridges
HARD = {
    "marchenko-pastur": (
        "c=1 lam=1e-12",
        "c=999/1000 lam=1e-12",
        "c=1e-4 lam=1e-9",
        "c=1000 lam=1e-6",
        "c=1e6 lam=1e-12",
        "c=10 lam=1e-3",
    ),
    "ridge-anisotropic": (
        "c=1 lam=1e-12",
        "c=99/100 lam=1e-12",
        "c=101/100 lam=1e-12",
        "s=1e-6,1e6 w=1/2,1/2 lam=1e-6",
    ),
    "random-features-mei-montanari": ("lam=1e-12", "psi1=1 psi2=1 lam=1e-9", "psi1=100 psi2=1/100"),
    "fixed-representation-readout": (
        "m=48 lam=1e-12",
        "F=linear d=5 m=12 N=6 sig2=0 lam=1e-9",
        "F=linear d=5 m=12 N=12 lam=1e-12",
    ),
    "random-fourier-regression": ("N=16 n=32 lam=1e-9", "N=16 n=32 lam=1e-12", "N=8 lam=1e-12", "bw=20"),
    "linear-esn-weighted-ridge": ("T=12 N=12 rho=1 lam=1e-12",),
    "semicircle": ("s=1 x=2.0000001", "s=1e-6 x=1"),
    "erm-gaussian-mixture": (
        "gamma=1e-6",
        "gamma=1e6",
        "c=10 gamma=1e-3",
        "s=1e-3,1,1000",
        "loss=exponential gamma=1e-5",
        "loss=hinge gamma=1e-3",
    ),
    "gradient-flow-gmm": ("t=1e6", "t=1e-9", "c=1 rho=1 t=1e4", "rho=1e-4", "c=1/1000 rho=100"),
    "hessian-gglm-spectrum": (
        "omega=20 c=1/10",
        "omega=1/100 c=1/1000",
        "side=bulk z=1/10,1e-6",
        "response=linear side=right omega=1 m=500001/1000000 c=1/16",
    ),
    "ridge-classifier-closed-form": ("gamma=1e-9", "gamma=1e6", "c=1 gamma=1e-6"),
}
CASES = [
    pytest.param(i, change, id=f"{i}-{change or 'points'}") for i in index() for change in (None, *HARD.get(i, ()))
]


@pytest.mark.parametrize(("theorem_id", "change"), CASES)
def test_the_physical_root_is_found_to_rounding_and_enclosed(theorem_id, change):
    theorem = get(theorem_id)
    if change is None:
        points = list(theorem.points.values())
    else:
        points = [dict(item.split("=", 1) for item in change.split())]
    for given in points:
        point = theorem.point(**given)
        bound, regime = theorem.bound(point), theorem.regime(point)
        for system in regime.systems:
            if isinstance(system, FixedPointSystem):
                found = solve(system, used(system, bound))
                assert np.all(found.ok), found.message()
                assert np.all(found.residual < 1e-13), (given, found.residual)
        if change is not None:  # the points of the theorem are enclosed by its notebook
            for value in predict(theorem, given).values():
                assert value.radius <= 1e-12 * max(1.0, abs(float(value)))
