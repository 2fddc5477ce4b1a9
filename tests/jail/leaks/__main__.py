"""Prints the matrix: `python -m tests.jail.leaks`. Exit status 1 if anything leaks."""

from __future__ import annotations

import sys
from collections import Counter

from tests.jail.leaks.matrix import run
from tests.jail.leaks.scene import Outcome
from tests.support.outer import people

WIDTHS = (40, 24, 8, 18)
HEADINGS = ("target", "protocol", "as", "result")


def main() -> int:
    """One line for each way out and each kind of user."""
    show(*HEADINGS)
    show(*("-" * width for width in WIDTHS))
    counts: Counter[bool] = Counter()
    for person in people():
        for outcome in run(person):
            counts[outcome.held] += 1
            tell(person.name, outcome)
    print(f"\n{counts[True]} held, {counts[False]} did not")
    return 1 if counts[False] else 0


def tell(name: str, outcome: Outcome) -> None:
    """One line, and why where it is not as it must be."""
    row = outcome.row
    show(row.target, row.protocol, name, f"{outcome.result}{' (--strict)' if row.strict else ''}")
    if not outcome.held:
        print(f"    expected: {' or '.join(row.allowed)}; {outcome.detail}")


def show(*cells: str) -> None:
    """A line of the table."""
    print("  ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
