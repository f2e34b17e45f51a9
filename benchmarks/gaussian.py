"""First-call times of closed forms and certificates, and speed of the vectorised kernels.

Run ``python benchmarks/gaussian.py``.  Budgets: 2 s for a univariate form, 5 s for a bivariate one, on one core.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time

UNIVARIATE, BIVARIATE = 2.0, 5.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    options = parser.parse_args()
    os.environ["RMTSYM_CACHE"] = "off"  # first calls are measured
    import numpy as np
    import sympy as sp

    from rmtsym.gaussian import AA, AB, BB, activation, expectation, kernel, kernel_expression
    from rmtsym.gaussian.numeric import ClosedFunction

    s = sp.Symbol("s", positive=True)
    functions = [
        activation(name) for name in "relu abs step sign erf cos sin gauss gelu elu rbf gabor exp sigmoid_like".split()
    ]
    functions += [
        activation("leaky_relu", *sp.symbols("p n", real=True)),
        activation("quad", *sp.symbols("a b c", real=True)),
        activation("clip", -s, s),
        activation("threshold_linear", s),
        activation("ternary"),
        activation("quantizer", 3, s),
        activation("quantizer", 4, s),
        activation("rectified_monomial", 5),
        activation("hermite", 6),
    ]
    rows = []
    for f in functions:
        start = time.perf_counter()
        expectation(f * f)
        one = time.perf_counter()
        moment = kernel(f)
        two = time.perf_counter()
        certificate = moment.certificate
        rows.append(
            {
                "activation": f.name,
                "univariate_s": round(one - start, 3),
                "bivariate_s": round(two - one, 3),
                "certificate_s": round(time.perf_counter() - two, 3),
                "status": certificate.status,
                "digits": certificate.digits,
            }
        )
    data = np.random.default_rng(0).normal(size=(64, 1000))
    gram, norms = data.T @ data, np.sum(data * data, axis=0)
    relu = ClosedFunction(kernel_expression("relu"), (AA, AB, BB))
    start = time.perf_counter()
    relu(norms[:, None], gram, norms[None, :])
    speed = {"entries": gram.size, "seconds": round(time.perf_counter() - start, 3), "recomputed": relu.recomputed}
    slow = [r for r in rows if r["univariate_s"] > UNIVARIATE or r["bivariate_s"] > BIVARIATE]
    if options.json:
        print(json.dumps({"forms": rows, "relu_kernel": speed, "over_budget": slow}))
    else:
        print(f"{'activation':24}{'one letter':>12}{'two letters':>12}{'certificate':>12}  status")
        for r in rows:
            times = "".join(f"{r[k]:>11.3f}s" for k in ("univariate_s", "bivariate_s", "certificate_s"))
            print(f"{r['activation']:24}{times}  {r['status']}, {r['digits']} digits")
        print(f"relu kernel of {speed['entries']} pairs: {speed['seconds']} s, {speed['recomputed']} entries in balls")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
