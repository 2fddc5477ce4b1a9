"""The stand-in by itself, to look at: `python -m tests.support.perplexity [TOKEN]`. It tells its address, and stays."""

from __future__ import annotations

import sys
import threading

from tests.support.perplexity.server import TOKEN, PerplexitySite


def main() -> None:
    """Runs until it is interrupted."""
    token = sys.argv[1] if len(sys.argv) > 1 else TOKEN
    site = PerplexitySite(token, lenient=True)
    print(f"{site.url} takes the session {token!r}; files go to {site.bucket.server.url}", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        site.stop()


if __name__ == "__main__":
    main()
