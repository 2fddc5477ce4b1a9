"""A web site on loopback whose certificate only a client that trusts the test's CA accepts."""

from __future__ import annotations

import json
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = "the-site-answers"
PACKAGE = {
    "name": "smallthing",
    "dist-tags": {"latest": "7.1.9"},
    "versions": {"7.1.9": {"name": "smallthing", "version": "7.1.9", "dist": {"shasum": "0" * 40, "tarball": "x"}}},
}
PAGES = {
    "/repo.git/info/refs": f"{'ab' * 20}\trefs/heads/{MARK}\n",
    "/repo.git/HEAD": f"ref: refs/heads/{MARK}\n",
    "/simple/smallthing/": '<a href="smallthing-7.1.9-py3-none-any.whl">smallthing-7.1.9-py3-none-any.whl</a>',
    "/npm/smallthing": json.dumps(PACKAGE),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = PAGES.get(self.path.partition("?")[0], MARK).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if self.path.startswith("/simple/") else "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that trust nothing hang up; that is what they are here for."""


@contextmanager
def serve(context: ssl.SSLContext) -> Iterator[str]:
    """Its base URL, by a name that the certificate has."""
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"https://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
