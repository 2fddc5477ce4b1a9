"""`python -m ccproxy`: the same program as the console script `ccproxy`."""

from __future__ import annotations

import sys

from ccproxy.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
