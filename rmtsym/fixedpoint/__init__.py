"""Fixed-point systems: data, generated solvers, enclosures, implicit derivatives, export."""

from rmtsym.fixedpoint.derivative import derivative
from rmtsym.fixedpoint.enclose import count_roots, enclose
from rmtsym.fixedpoint.export import export_python
from rmtsym.fixedpoint.solution import STATUS, Solution
from rmtsym.fixedpoint.solve import solve
from rmtsym.fixedpoint.system import Continuation, FixedPointSystem, Unknown

__all__ = [
    "STATUS",
    "Continuation",
    "FixedPointSystem",
    "Solution",
    "Unknown",
    "count_roots",
    "derivative",
    "enclose",
    "export_python",
    "solve",
]
