"""What can be wrong with a credential that renews itself, and what a client must see of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.fault import WHOLE, Sight

REFUSED = "401 credential"
HOUR = 3600.0
OVER, SOON, FRESH = -100.0, 55.0, HOUR
"""Seconds that the access token in the file has left: none, less than the headroom, enough."""

type Spoil = Callable[[Path], None]


def content(data: bytes) -> Spoil:
    """Puts something else into the file."""

    def spoil(file: Path) -> None:
        file.write_bytes(data)

    return spoil


def half(file: Path) -> None:
    """As a program leaves it that does not write it in one piece, and has not done yet."""
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])


def folder(file: Path) -> None:
    """Puts a folder in its place."""
    file.unlink()
    file.mkdir()


def read_only(file: Path) -> None:
    """Nobody may write to it."""
    file.chmod(0o400)


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong with a login.

    `spoil` is done to the file before the request, or with `later` after a request that went well. `fault` is what
    the token endpoint does with the refresh (`token_server.Fault`), `clock` how far its clock is ahead of ours in
    seconds. `refused`: the provider takes no token given so far. `replaced`: a person logs in anew while the refresh
    is under way. `says` must be in the message of an error.
    """

    name: str
    sees: str
    left: float = OVER
    spoil: Spoil | None = None
    later: bool = False
    fault: dict[str, Any] = field(default_factory=dict)
    says: str = ""
    clock: float = 0.0
    refused: bool = False
    replaced: bool = False
    endpoint: str | None = None
    """Another place for the token endpoint."""

    def allows(self, sight: Sight) -> bool:
        """Whether a client may see this."""
        return sight.text == self.sees and self.says in sight.detail


DAMAGED: dict[str, Spoil] = {
    "missing": Path.unlink,
    "empty": content(b""),
    "half-written": half,
    "another schema": content(b'{"token": "x", "until": 5}'),
    "no JSON": content(b"\xff\xfe not at all"),
    "a folder": folder,
}
ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "stalls": ({"kind": "stall"}, "did not answer within"),
    "hangs up": ({"kind": "drop"}, "closed the connection"),
    "says invalid_grant": ({"kind": "error"}, "log in again"),
    "says 500": ({"kind": "error", "status": 500, "error": "server_error"}, "500"),
    "says 429": ({"kind": "error", "status": 429, "error": "slow_down"}, "429"),
    "sends HTML with 200": ({"kind": "html", "status": 200}, ""),
    "sends HTML with 502": ({"kind": "html", "status": 502}, "502"),
    "sends 200 and nothing": ({"kind": "raw", "status": 200}, ""),
    "sends a list": ({"kind": "raw", "status": 200, "body": "[1]"}, ""),
    "gives no token": ({"kind": "raw", "status": 200, "body": '{"token_type": "Bearer"}'}, ""),
    "gives half an answer": ({"kind": "raw", "status": 200, "body": '{"access_token": "a'}, ""),
    "redirects": ({"kind": "raw", "status": 302, "body": ""}, "302"),
}

TROUBLES = [
    *(Trouble(f"file: {name}", REFUSED, FRESH, spoil) for name, spoil in DAMAGED.items()),
    *(Trouble(f"file: {name} after a good request", WHOLE, FRESH, DAMAGED[name], later=True)
      for name in ("empty", "half-written", "another schema")),
    Trouble("file: read-only, token over", WHOLE, spoil=read_only),
    Trouble("file: replaced during the refresh", WHOLE, fault={"kind": "delay", "seconds": 0.3}, replaced=True),
    *(Trouble(f"token over, endpoint {name}", REFUSED, fault=fault, says=says)
      for name, (fault, says) in ANSWERS.items()),
    Trouble("token over, endpoint slow", WHOLE, fault={"kind": "delay", "seconds": 0.3}),
    Trouble("token over, endpoint gone", REFUSED, endpoint="http://127.0.0.1:{refusing}/token", says="refused"),
    *(Trouble(f"token good, endpoint {name}", WHOLE, SOON, fault=fault) for name, (fault, _) in ANSWERS.items()),
    Trouble("token good, endpoint gone", WHOLE, SOON, endpoint="http://127.0.0.1:{refusing}/token"),
    Trouble("token refused, endpoint well", WHOLE, FRESH, refused=True),
    Trouble("token refused, endpoint says 500", "401 passed", FRESH, refused=True, fault=ANSWERS["says 500"][0]),
    Trouble("token refused, endpoint stalls", "401 passed", FRESH, refused=True, fault=ANSWERS["stalls"][0]),
    Trouble("our clock an hour slow, token over", WHOLE, clock=HOUR),
    Trouble("our clock an hour slow, token good", WHOLE, FRESH, clock=HOUR),
    Trouble("our clock an hour fast, token good", WHOLE, HOUR / 2, clock=-HOUR),
    Trouble("our clock an hour fast, token over", WHOLE, clock=-HOUR),
]  # fmt: skip
