"""Time until the program answers, against the time to import sympy: python benchmarks/startup.py

Every run is a fresh interpreter that has its bytecode; the start of Python itself is part of all of them.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "import rmtsym": ["-c", "import rmtsym"],
    "rmtsym --help": ["-m", "rmtsym", "--help"],
    "rmtsym list": ["-m", "rmtsym", "list"],
}
ELSE = ["-c", "import sympy"]


def seconds(arguments: list[str]) -> float:
    """Seconds of one fresh process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - start


def main(rounds: int = 5) -> None:
    for arguments in (*COMMANDS.values(), ELSE):
        seconds(arguments)  # compiled, and in the cache of the disk
    print(f"{'command':14} {'seconds':>8} {'/ import sympy':>15}   (medians of {rounds} rounds)")
    for name, arguments in COMMANDS.items():
        pairs = [(seconds(arguments), seconds(ELSE)) for _ in range(rounds)]
        ours = statistics.median(pair[0] for pair in pairs)
        print(f"{name:14} {ours:8.3f} {statistics.median(a / b for a, b in pairs):15.2f}")


if __name__ == "__main__":
    main()
