"""`python -m ccproxy.simulator`: the simulator as a server of its own."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ssl
from pathlib import Path

from .capacity import STATUS, Busy, Rush, seconds
from .server import serve


def main() -> None:
    """Parses the command line and serves until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m ccproxy.simulator", description="An LLM provider without a network."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0, the default, picks a free one")
    parser.add_argument("--tls-cert", type=Path, help="PEM file with the certificate chain: serve https")
    parser.add_argument("--tls-key", type=Path, help="PEM file with the private key")
    parser.add_argument("--busy", type=float, metavar="SHARE", help="this share of the calls is out of capacity")
    parser.add_argument("--busy-status", type=int, default=STATUS, help="its HTTP status (default %(default)s)")
    parser.add_argument("--busy-delay", type=delay, default="0.05s", help="when to come again (default %(default)s)")
    parser.add_argument("--busy-model", default="*", help="a model, or a prefix with `*` (default: all)")
    parser.add_argument("--seed", type=int, default=0, help="decides which calls those are (default %(default)s)")
    options = parser.parse_args()
    context = None
    if options.tls_cert:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.tls_cert, options.tls_key)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(options.host, options.port, context, rush(options)))


def rush(options: argparse.Namespace) -> Rush | None:
    """What makes calls fail, if the command line asks for it."""
    if options.busy is None:
        return None
    return Rush(options.busy, options.seed, Busy(options.busy_model, options.busy_status, options.busy_delay))


def delay(text: str) -> str | None:
    """A time with its unit as it is; None for `-`. Raises ValueError for what is none."""
    if text == "-":
        return None
    seconds(text)
    return text


if __name__ == "__main__":
    main()
