"""The accounts of this internet: token endpoints and APIs under the vendors' names.

None is there before a test begins one. Tests reach the host `accounts.test` by the Unix socket `internet.sock`, with
bodies and answers in JSON: `POST /VENDOR/begin {"lifetime", "revoke"}` a login, `/VENDOR/later {"refresh", "left"}` see
`Issuer.later`, `/VENDOR/expire`, `/VENDOR/state {"refresh", "access"}` the counters, and whether these tokens count.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from tests.support.http import field_of
from tests.support.internet.asides import ACCOUNT, aside
from tests.support.internet.pages import Asked, Reply, whole
from tests.support.internet.vendors import VENDORS
from tests.support.token_server import Issuer

CONTROL = "accounts.test"


class Accounts:
    """The accounts that tests have begun: one with a vendor at a time."""

    def __init__(self) -> None:
        self._open: dict[str, Issuer] = {}
        self._delays: dict[str, float] = {}

    def answer(self, asked: Asked) -> Reply | None:
        """What a token endpoint says, or the API to who may not use it, or this to a test; None for all else."""
        host = asked.host.partition(":")[0]
        if host == CONTROL:
            return told(200, self._control(asked))
        for name, issuer in self._open.items():
            if host + asked.path in VENDORS[name].token_urls:
                return self._refresh(name, issuer, asked)
            if host in VENDORS[name].api_hosts and not admitted(issuer, asked):
                return told(401, VENDORS[name].unauthorized)
        members = aside(host, asked.path) if self._open else None
        return None if members is None else told(200, members)

    def _control(self, asked: Asked) -> Any:
        _, name, verb = asked.path.split("/")
        given: dict[str, Any] = json.loads(asked.body or b"{}")
        if verb == "begin":
            self._delays[name] = given.pop("delay", 0.0)
            first = given.pop("first", None)
            self._open[name] = VENDORS[name].issuer(**given)
            return self._open[name].issue(first, ACCOUNT)
        issuer = self._open[name]
        if verb == "later":
            return issuer.later(given["refresh"], given["left"])
        if verb == "expire":
            issuer.expire()
        current, valid = issuer.is_current(given.get("refresh", "")), issuer.is_valid(given.get("access", ""))
        return {**issuer.counters, "current": current, "valid": valid, "posted": issuer.posts}

    def _refresh(self, name: str, issuer: Issuer, asked: Asked) -> Reply:
        kind = (field_of(asked.headers, "content-type") or b"").decode("latin-1")
        members = json.loads(asked.body) if "json" in kind else dict(parse_qsl(asked.body.decode()))
        issuer.posts.append(members | {"(type)": kind})
        issuer.counters["posts"] += 1
        status, answer = issuer.grant(members)
        return late(told(status, VENDORS[name].worded(status, answer)), self._delays[name])


def admitted(issuer: Issuer, asked: Asked) -> bool:
    """Whether a call comes with an access token that counts; the issuer counts those that do and do not."""
    token = (field_of(asked.headers, "authorization") or b"").decode("latin-1").removeprefix("Bearer ")
    valid = issuer.is_valid(token)
    issuer.counters["checked" if valid else "refused"] += 1
    return valid


def told(status: int, members: Any) -> Reply:
    """An answer in JSON."""
    return whole(status, b"application/json", json.dumps(members).encode())


def late(reply: Reply, seconds: float) -> Reply:
    """The same, its body some seconds later, as over a long way."""

    async def pieces() -> AsyncIterator[bytes]:
        await asyncio.sleep(seconds)
        async for piece in reply.pieces:
            yield piece

    return replace(reply, pieces=pieces())
