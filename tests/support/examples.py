"""On how many examples a property is tried."""

from __future__ import annotations

import os


def examples(number: int) -> int:
    """Two fifths of a number, others in every run; all of them where `EXAMPLES` is "all", as it is in `make test-all`.

    For those properties that take most of the time; the others always have their number.
    """
    return number if os.environ.get("EXAMPLES") == "all" else number * 2 // 5
