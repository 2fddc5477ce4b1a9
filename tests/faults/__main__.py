"""Prints the matrix: `python -m tests.faults`. Exit status 1 if any client sees what it must not."""

from __future__ import annotations

import sys

from tests.faults.table import main

if __name__ == "__main__":
    sys.exit(main())
