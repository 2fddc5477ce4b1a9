"""The matrix as a table: a row a fault, a column a carrier and mode."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from tests.faults.fault import WAYS, Fault
from tests.faults.lab import Lab, Sight, lab
from tests.faults.matrix import FAULTS

AT_ONCE = 6
WIDTHS = (42, 8, 35, 35)
MODES = {False: "buffered", True: "streamed"}
type Cells = dict[tuple[str, bool], Future[Sight]]


def main() -> int:
    """The table; 1 if anything is wrong."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder, lab(Path(folder)) as made, ThreadPoolExecutor(AT_ONCE) as pool:
        show("fault", "request", *WAYS)
        show(*("-" * width for width in WIDTHS))
        for fault, cells in [*started(made, pool)]:
            for streamed in fault.modes:
                name = fault.name if streamed == fault.modes[0] else ""
                show(name, MODES[streamed], *(cell(fault, cells, way, streamed) for way in WAYS))
            for problem in problems(fault, cells):
                wrong += 1
                print(f"    {problem}")
    print(f"\n{len(FAULTS)} faults: " + (f"{wrong} of the answers are WRONG" if wrong else "all as it must be"))
    return 1 if wrong else 0


def started(made: Lab, pool: ThreadPoolExecutor) -> Iterator[tuple[Fault, Cells]]:
    """All faults, being met."""
    for number, fault in enumerate(FAULTS):
        yield (
            fault,
            {
                (way, streamed): pool.submit(made.meet, number, fault, way, streamed)
                for way in fault.ways
                for streamed in fault.modes
            },
        )


def cell(fault: Fault, cells: Cells, way: str, streamed: bool) -> str:
    """What one client saw, how long until then, and whether it is right."""
    if (way, streamed) not in cells:
        return ""
    sight = cells[way, streamed].result()
    verdict = "ok" if fault.allows(sight.text, streamed=streamed) else "WRONG"
    return f"{sight.text[:22]:22} {sight.seconds:4.1f} s {verdict}"


def problems(fault: Fault, cells: Cells) -> Iterator[str]:
    """What is wrong with a row, in full."""
    for (way, streamed), future in cells.items():
        sight = future.result()
        if not fault.allows(sight.text, streamed=streamed):
            right = " or ".join(sorted(fault.allowed(streamed=streamed)))
            yield f"{way}, {MODES[streamed]}: {sight.text}; expected: {right}; {sight.detail[:300]}"


def show(*cells: str) -> None:
    """A line of the table."""
    print("  ".join(cell[:width].ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip(), flush=True)
