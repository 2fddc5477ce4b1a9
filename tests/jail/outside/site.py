"""Perplexity's stand-in inside an outer namespace: `python -m tests.jail.outside.site`.

It says "ready", and answers each line of its input with one of JSON: its address, and the files that it got.
"""

from __future__ import annotations

import base64
import json
import sys

from tests.support.perplexity.server import PerplexitySite


def main() -> None:
    """Runs to the end of the input."""
    site = PerplexitySite()
    print("ready", flush=True)
    for _ in sys.stdin:
        files = [base64.b64encode(each.data or b"").decode() for each in site.bucket.stored.values()]
        print(json.dumps({"url": site.url, "files": files, "questions": len(site.asks)}), flush=True)


if __name__ == "__main__":
    main()
