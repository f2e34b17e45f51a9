"""rmtsym: an executable theory of random matrices for machine learning.

Public names are loaded on first use, so that ``import rmtsym`` is quick.
"""

from __future__ import annotations

__version__ = "0.1.0"
