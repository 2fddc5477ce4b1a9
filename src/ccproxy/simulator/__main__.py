"""`python -m ccproxy.simulator`: the simulator as a server of its own."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ssl
from pathlib import Path

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
    options = parser.parse_args()
    context = None
    if options.tls_cert:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.tls_cert, options.tls_key)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(options.host, options.port, context))


if __name__ == "__main__":
    main()
