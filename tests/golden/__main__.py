"""`python -m tests.golden [--update]`: every command on 1,000 flows made from recorded exchanges, as it was kept."""

from __future__ import annotations

import sys

from tests.golden.kinds import KINDS
from tests.golden.made import flows
from tests.golden.run import compared


def main(arguments: list[str]) -> int:
    """The exit status: 1 if anything differs from what was kept."""
    update, differ = "--update" in arguments, 0
    for kind, (directory, count, every) in KINDS.items():
        if not directory.exists():
            print(f"{kind}: {directory.name} is not there: nothing to run")
            continue
        made = flows(directory, count)
        failed = compared(kind, made, every, update=update)
        print(f"{kind}: {len(made)} flows, {'kept' if update else f'{len(failed)} outputs differ'}")
        print(*(f"  {line}" for line in failed), sep="\n", end="\n" if failed else "")
        differ += len(failed)
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
