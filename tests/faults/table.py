"""The matrix as two tables: what providers do, and what is wrong with credentials."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from tests.faults.fault import WAYS, Fault, Sight
from tests.faults.lab import lab
from tests.faults.matrix import FAULTS
from tests.faults.office import office
from tests.faults.troubles import TROUBLES
from tests.support.accounts import VENDORS

AT_ONCE = 6
MODES = {False: "buffered", True: "streamed"}
type Cells = dict[tuple[str, bool], Future[Sight]]


def main() -> int:
    """Both tables; 1 if anything is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        wrong = providers(Path(folder)) + credentials(Path(folder))
    print(
        f"{len(FAULTS)} faults of providers, {len(TROUBLES)} of credentials: {f'{wrong} WRONG' if wrong else 'all ok'}"
    )
    return 1 if wrong else 0


def providers(folder: Path) -> int:
    """A row a fault and mode, a column a carrier. How many answers are wrong."""
    show = Columns(44, 8, 35, 35)
    with lab(folder) as made, ThreadPoolExecutor(AT_ONCE) as pool:
        show.heading("fault", "request", *WAYS)
        for fault, cells in [*started(made.meet, pool)]:
            for streamed in fault.modes:
                name = fault.name if streamed == fault.modes[0] else ""
                show(name, MODES[streamed], *(cell(fault, cells, way, streamed) for way in WAYS))
            for problem in problems(fault, cells):
                show.problem(problem)
        made.settled()
    return show.wrong


def credentials(folder: Path) -> int:
    """A row a trouble, a column a vendor. How many answers are wrong."""
    show = Columns(44, 24, 24, 24)
    with office(folder) as made, ThreadPoolExecutor(AT_ONCE) as pool:
        show.heading("credential", *VENDORS)
        for trouble, row in [
            (trouble, [pool.submit(made.meet, number, vendor) for vendor in VENDORS])
            for number, trouble in enumerate(TROUBLES)
        ]:
            sights = [future.result() for future in row]
            show(trouble.name, *(verdict(sight, right=trouble.allows(sight), width=14) for sight in sights))
            for vendor, sight in zip(VENDORS, sights, strict=True):
                if not trouble.allows(sight):
                    show.problem(f"{vendor}: {sight}; expected: {trouble.sees} {trouble.says}")
        made.daemon.healthy()
    return show.wrong


def started(meet: Callable[..., Sight], pool: ThreadPoolExecutor) -> Iterator[tuple[Fault, Cells]]:
    """All faults, being met."""
    for number, fault in enumerate(FAULTS):
        yield (
            fault,
            {
                (way, streamed): pool.submit(meet, number, fault, way, streamed)
                for way in fault.ways
                for streamed in fault.modes
            },
        )


def cell(fault: Fault, cells: Cells, way: str, streamed: bool) -> str:
    """What one client saw, how long until then, and whether it is right."""
    if (way, streamed) not in cells:
        return ""
    sight = cells[way, streamed].result()
    return verdict(sight, right=fault.allows(sight, streamed=streamed), width=22)


def verdict(sight: Sight, *, right: bool, width: int) -> str:
    """A cell."""
    return f"{sight.text[:width]:{width}} {sight.seconds:4.1f} s {'ok' if right else 'WRONG'}"


def problems(fault: Fault, cells: Cells) -> Iterator[str]:
    """What is wrong with a row, in full."""
    for (way, streamed), future in cells.items():
        sight = future.result()
        if not fault.allows(sight, streamed=streamed):
            right = " or ".join(sorted(fault.allowed(streamed=streamed)))
            yield f"{way}, {MODES[streamed]}: {sight.text}; expected: {right}; {sight.detail[:300]}"


class Columns:
    """Prints a table, and counts what is wrong in it."""

    def __init__(self, *widths: int) -> None:
        self._widths = widths
        self.wrong = 0

    def __call__(self, *cells: str) -> None:
        """A line."""
        print("  ".join(cell[:width].ljust(width) for cell, width in zip(cells, self._widths, strict=True)).rstrip())

    def heading(self, *cells: str) -> None:
        """The first two lines."""
        print()
        self(*cells)
        self(*("-" * width for width in self._widths))

    def problem(self, text: str) -> None:
        """A line below a row."""
        self.wrong += 1
        print(f"    {text}", flush=True)
