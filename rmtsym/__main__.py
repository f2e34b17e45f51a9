"""``python -m rmtsym`` is the command line."""

from rmtsym.cli import main

main()
