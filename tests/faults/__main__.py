"""Prints the matrix, then kills: `python -m tests.faults`. Exit status 1 for an answer or a loss that must not be."""

from __future__ import annotations

import sys

from tests.faults import kills, table

if __name__ == "__main__":
    sys.exit(table.main() | kills.main())
