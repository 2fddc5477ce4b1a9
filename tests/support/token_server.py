"""A token endpoint for tests: rotating refresh tokens, short lifetimes, faults on request, and counters.

In a test's own loop: `async with TokenServer(Issuer(lifetime=60)) as server: ... server.url`. As a process of its own:
`python -m tests.support.token_server --lifetime 60` prints `{"port": …, "url": …}` and ends with its stdin.

    POST /v1/oauth/token, /token, /oauth/token   JSON or form, `grant_type=refresh_token`
    GET  /issue?lifetime=0                       a new family of tokens, as the endpoint would answer
    GET  /check                                  200 if the bearer token of `Authorization` is valid, else 401
    GET  /counters                               see `Issuer.counters`
    GET  /current?refresh=…                     {"current": true} if the next POST may use this refresh token
    POST /expire                                 no access token given so far is valid any more
    POST /faults                                 a JSON list of `Fault`s, for the next posts, one each
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import sys
import time
import uuid
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

AUTH_CLAIM = "https://api.openai.com/auth"


@dataclass
class Fault:
    """What happens to one POST in place of an answer, or before it."""

    kind: str = "error"
    """delay (then a good answer), stall (until the peer leaves), drop (granted, but the answer never leaves),
    error, html, raw (`body` as it is)."""
    seconds: float = 0.0
    status: int = 400
    error: str = "invalid_grant"
    body: str = ""


@dataclass
class Family:
    """What one login has led to."""

    refresh: str
    account: str
    revoked: bool = False
    used: set[str] = field(default_factory=set)


def jwt(claims: dict[str, Any]) -> str:
    """An unsigned JSON Web Token (RFC 7519 §6.1); nobody here checks signatures."""

    def part(value: dict[str, Any] | bytes) -> str:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}.{part(b'none')}"


class Issuer:
    """Gives tokens and knows which are valid.

    Args:
        lifetime: seconds of an access token.
        rotate: a refresh token is good for one use; a second one revokes its family, as real endpoints do.
        codex: access and id tokens are JWTs with ChatGPT's claims.
        clock: how far this endpoint's clock is ahead of ours, in seconds.
        revoke: whether a second use revokes the family; else it is only refused.
    """

    def __init__(
        self,
        lifetime: float = 3600,
        *,
        rotate: bool = True,
        codex: bool = False,
        clock: float = 0.0,
        revoke: bool = True,
    ) -> None:
        self.lifetime, self.rotate, self.codex, self.clock, self.revoke = lifetime, rotate, codex, clock, revoke
        self.faults: deque[Fault] = deque()
        self.posts: list[dict[str, Any]] = []
        """The members of each POST, with its content type as `(type)`."""
        self.counters: Counter[str] = Counter(posts=0, granted=0, reused=0, unknown=0, checked=0, refused=0, faults=0)
        self._families: dict[str, Family] = {}
        self._access: dict[str, tuple[float, Family]] = {}

    def now(self) -> float:
        """By the endpoint's own clock."""
        return time.time() + self.clock

    def issue(self, lifetime: float | None = None, account: str = "acc-1") -> dict[str, Any]:
        """A login: the answer of the endpoint, with `expires_at` (its clock's seconds) and `account_id` besides."""
        family = Family("rt-" + uuid.uuid4().hex, account)
        self._families[family.refresh] = family
        return self._answer(family, self.lifetime if lifetime is None else lifetime)

    def is_valid(self, access: str) -> bool:
        """True if an access token is of ours and neither over nor revoked."""
        until, family = self._access.get(access, (0.0, None))
        return family is not None and not family.revoked and self.now() < until

    def is_current(self, refresh: str) -> bool:
        """True if the next POST may use this refresh token."""
        family = self._families.get(refresh)
        return family is not None and not family.revoked and family.refresh == refresh

    def expire(self) -> None:
        """Every access token given so far is over."""
        self._access.clear()

    def later(self, refresh: str, left: float) -> dict[str, Any]:
        """The same login some time later, as `issue` has it: one access token with `left` seconds, all others over."""
        self.expire()
        return self._answer(self._families[refresh], left)

    def grant(self, members: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body for a refresh (RFC 6749 §6)."""
        if members.get("grant_type") != "refresh_token":
            return 400, {"error": "unsupported_grant_type"}
        refresh = str(members.get("refresh_token"))
        family = self._families.get(refresh)
        if family is None:
            self.counters["unknown"] += 1
            return 400, {"error": "invalid_grant", "error_description": "Refresh token not found or invalid"}
        if refresh in family.used and self.rotate:
            self.counters["reused"] += 1
            family.revoked = self.revoke
        if family.revoked or (refresh in family.used and self.rotate):
            code = "refresh_token_reused" if self.codex else "invalid_grant"
            return (401 if self.codex else 400), {"error": code, "error_description": "Refresh token was used before"}
        self.counters["granted"] += 1
        if self.rotate:
            family.used.add(refresh)
            family.refresh = "rt-" + uuid.uuid4().hex
            self._families[family.refresh] = family
        answer = self._answer(family, self.lifetime)
        return 200, {key: answer[key] for key in answer.keys() - {"expires_at", "account_id", "refresh_token"}} | (
            {"refresh_token": family.refresh} if self.rotate else {}
        )

    def _answer(self, family: Family, lifetime: float) -> dict[str, Any]:
        until = self.now() + lifetime
        access = "at-" + uuid.uuid4().hex
        answer: dict[str, Any] = {"token_type": "Bearer", "expires_in": int(lifetime)}
        if self.codex:
            claims = {AUTH_CLAIM: {"chatgpt_account_id": family.account, "chatgpt_plan_type": "plus"}}
            access = jwt({"exp": int(until), "jti": access, **claims})
            answer |= {"id_token": jwt({"exp": int(until), "email": "a@example.com", **claims})}
        self._access[access] = until, family
        return answer | {
            "access_token": access,
            "refresh_token": family.refresh,
            "expires_at": until,
            "account_id": family.account,
        }


class TokenServer:
    """Serves an issuer on a free port of 127.0.0.1; `async with` starts and stops it."""

    def __init__(self, issuer: Issuer | None = None, port: int = 0) -> None:
        self.issuer = issuer or Issuer()
        self.port = port
        self._server: asyncio.Server | None = None
        self._busy: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Where refreshes are posted."""
        return f"http://127.0.0.1:{self.port}/v1/oauth/token"

    def fail(self, *faults: Fault) -> None:
        """What happens to the next posts, one each."""
        self.issuer.faults.extend(faults)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._busy:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._busy.add(writer)
        try:
            while answer := await self._answer_one(reader):
                writer.write(answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self._busy.discard(writer)
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader) -> bytes | None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *lines = head.strip().split("\r\n")
        method, target, _ = line.split(" ")
        fields = {name.lower(): value.strip() for name, _, value in (text.partition(":") for text in lines)}
        body = await reader.readexactly(int(fields.get("content-length", 0)))
        if method == "POST" and target.endswith("/token"):
            return await self._granted(reader, fields.get("content-type", ""), body)
        return self._response(*self._told(f"{method} {urlsplit(target).path}", target, fields, body))

    def _told(self, what: str, target: str, fields: dict[str, str], body: bytes) -> tuple[int, Any]:
        """Status and body of everything but a refresh."""
        issuer = self.issuer
        match what:
            case "GET /issue":
                query = dict(parse_qsl(urlsplit(target).query))
                return 200, issuer.issue(float(query["lifetime"]) if "lifetime" in query else None)
            case "GET /check":
                valid = issuer.is_valid(fields.get("authorization", "").removeprefix("Bearer "))
                issuer.counters["checked" if valid else "refused"] += 1
                return (200 if valid else 401), {"valid": valid}
            case "GET /counters":
                return 200, issuer.counters
            case "GET /current":
                query = dict(parse_qsl(urlsplit(target).query))
                return 200, {"current": issuer.is_current(query.get("refresh", ""))}
            case "POST /expire":
                issuer.expire()
                return 200, {}
            case "POST /faults":
                self.fail(*(Fault(**fault) for fault in json.loads(body)))
                return 200, {}
        return 404, {"error": "not_found"}

    async def _granted(self, reader: asyncio.StreamReader, kind: str, body: bytes) -> bytes | None:
        issuer = self.issuer
        members = json.loads(body) if "json" in kind else dict(parse_qsl(body.decode()))
        issuer.posts.append(members | {"(type)": kind})
        issuer.counters["posts"] += 1
        fault = issuer.faults.popleft() if issuer.faults else None
        if fault is None:
            return self._response(*issuer.grant(members))
        issuer.counters["faults"] += 1
        match fault.kind:
            case "delay":
                await asyncio.sleep(fault.seconds)
                return self._response(*issuer.grant(members))
            case "stall":
                await reader.read()
                return None
            case "drop":
                issuer.grant(members)
                return None
            case "html":
                return self._response(fault.status, "<!doctype html><title>Sorry</title>", "text/html")
            case "raw":
                return self._response(fault.status, fault.body)
        return self._response(fault.status, {"error": fault.error, "error_description": "as the test asked"})

    def _response(self, status: int, body: Any, kind: str = "application/json") -> bytes:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        date = formatdate(self.issuer.now(), usegmt=True)
        head = f"HTTP/1.1 {status} X\r\nDate: {date}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n"
        return head.encode() + data


async def serve(arguments: Iterable[str]) -> None:
    """Runs as a process: prints where it listens, ends with its stdin."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lifetime", type=float, default=3600)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--clock", type=float, default=0)
    parser.add_argument("--codex", action="store_true")
    parser.add_argument("--no-rotate", action="store_true")
    asked = parser.parse_args(list(arguments))
    issuer = Issuer(asked.lifetime, rotate=not asked.no_rotate, codex=asked.codex, clock=asked.clock)
    async with TokenServer(issuer, asked.port) as server:
        print(json.dumps({"port": server.port, "url": server.url}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(sys.argv[1:]))
