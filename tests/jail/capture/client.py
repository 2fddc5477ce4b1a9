"""A made-up client with a login in its home: `made-up [expired] [silent] [slow] [stubborn]`.

It calls a model over HTTPS as a vendor's client would, asks for other things beside that, and says what it was told.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

LOGIN = Path.home() / ".made-up" / "login.json"
CALL = "https://api.anthropic.com/v1/messages?beta=true"
REFRESH = "https://platform.claude.com/v1/oauth/token"
BODY = {
    "model": "made-up-model",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "a secret question"}],
    "made_up_member": {"kept": True},
}


def ask(url: str, body: object = None, **fields: str) -> int:
    """The status of an answer."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"user-agent": "made-up/1.2.3 (tests)", "content-type": "application/json", **fields}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def refresh(login: dict[str, str]) -> int:
    """As clients do it: what the endpoint says of the login is believed, and written down."""
    status = ask(REFRESH, {"grant_type": "refresh_token", "refresh_token": login["refresh"]})
    if status < 500:
        LOGIN.write_text(json.dumps({"refused": status}))
    return status


def raw() -> str:
    """What becomes of a connection that is no HTTP."""
    with socket.create_connection(("192.0.2.1", 22), timeout=20) as sock:
        return "reset" if not sock.recv(1) else "an answer"


def main() -> None:
    """Does what it does, and ends badly."""
    wishes, login = sys.argv[1:], json.loads(LOGIN.read_text())
    for number in (signal.SIGINT, signal.SIGTERM) if "stubborn" in wishes else ():
        signal.signal(number, signal.SIG_IGN)
    print("other", ask("https://other.example/v1/things?key=made-up-secret-key", x_key=login["access"]))
    if "expired" in wishes:
        print("refresh", refresh(login))
    if "silent" not in wishes:
        key = {"x-api-key": login["access"], "X-Made-Up": "an envelope"}
        print("call", ask(CALL, BODY, **key))
    try:
        print("raw", raw())
    except OSError as error:
        print("raw", type(error).__name__)
    sys.stdout.flush()
    time.sleep(600 if "slow" in wishes else 0)
    sys.exit(3)


if __name__ == "__main__":
    main()
