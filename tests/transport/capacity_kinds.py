"""What a provider may answer with in place of an answer, and what is to be thought of it.

The second half of each row is the rule in words that people can check; it knows nothing of the code.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tests.transport.capacity_stage import BROKEN

RPC = "type.googleapis.com/google.rpc."
HTML = b"<!DOCTYPE html><title>Error 503 (Service Unavailable)</title>"
GOOD_EVENT = b'data: {"response": {"candidates": [{"content": {"parts": [{"text": "hi"}]}}]}}\r\n\r\n'
type Position = Literal["status line", "body", "first event", "later"]


def retry_info(delay: object) -> dict[str, Any]:
    return {"@type": f"{RPC}RetryInfo", "retryDelay": delay}


def error_info(reason: str) -> dict[str, Any]:
    return {"@type": f"{RPC}ErrorInfo", "reason": reason, "domain": "cloudcode-pa.googleapis.com"}


def quota_failure(quota: str) -> dict[str, Any]:
    return {"@type": f"{RPC}QuotaFailure", "violations": [{"quotaMetric": "m"}, {"quotaId": quota}]}


@dataclass(frozen=True)
class Kind:
    """One error. `body` overrules what is made of the rest."""

    name: str
    status: int
    word: str | None = None
    details: tuple[Mapping[str, Any], ...] = ()
    message: str = ""
    fields: tuple[bytes, ...] = ()
    body: bytes | None = None
    in_array: bool = False
    coded: bool = False
    media: bytes = b"application/json"
    # what is to be thought of it
    short: bool = True
    told: float | None = None
    lasting: bool = False
    google: bool = True
    """An error of Google's by its body."""

    def content(self, model: str, number: int) -> bytes:
        """The body, another one each time."""
        if self.body is not None:
            return self.body + b"<!-- %b %d -->" % (model.encode(), number) * (b"<" in self.body)
        error: dict[str, Any] = {"code": self.status, "message": f"{model} {number}. {self.message}"}
        error |= {"status": self.word} if self.word else {}
        error |= {"details": self.details} if self.details else {}
        return json.dumps([{"error": error}] if self.in_array else {"error": error}).encode()

    def reply(self, position: Position, model: str, number: int) -> tuple[bytes, bytes]:
        """The answer, and its body."""
        content = self.content(model, number)
        if position in ("first event", "later"):
            content = GOOD_EVENT * (position == "later") + b"data: " + content + b"\r\n\r\n"
        status = self.status if position == "status line" else 200
        media = {"status line": self.media, "body": b"application/json"}
        kind = media.get(position, b"text/event-stream; charset=utf-8")
        if self.name == BREAKS:
            chunk = GOOD_EVENT if position == "later" else b""
            head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: 9999\r\n\r\n" % kind
            return (BROKEN, b"") if position == "status line" else (head + chunk, chunk)
        fields = [b"Content-Type: " + kind, *self.fields]
        if self.coded:
            content = gzip.compress(content)
            fields.append(b"Content-Encoding: gzip")
        head = b"HTTP/1.1 %d No\r\n%bContent-Length: %d\r\n\r\n"
        return head % (status, b"".join(each + b"\r\n" for each in fields), len(content)) + content, content


BREAKS = "breaks off"
EXHAUSTED = "RESOURCE_EXHAUSTED"
KINDS = [
    Kind("429", 429, EXHAUSTED),
    Kind("429, a pause is told", 429, EXHAUSTED, (error_info("RATE_LIMIT_EXCEEDED"), retry_info("7s")), told=7),
    Kind("429, retry-after", 429, EXHAUSTED, fields=(b"Retry-After: 5",), told=5),
    Kind("429, in the message", 429, EXHAUSTED, message="Please retry in 2.5s.", told=2.5),
    Kind("three pauses", 429, EXHAUSTED, (retry_info("900ms"),), "retry in 3s", (b"Retry-After: 5",), told=0.9),
    Kind("quota used up", 429, EXHAUSTED, (error_info("QUOTA_EXHAUSTED"), retry_info("10h")), lasting=True, told=36000),
    Kind("no credits", 429, EXHAUSTED, (error_info("INSUFFICIENT_G1_CREDITS_BALANCE"),), lasting=True),
    Kind("a day's quota", 429, EXHAUSTED, (quota_failure("RequestsPerDayPerModel"),), lasting=True),
    Kind("a quota of nothing", 429, EXHAUSTED, message="Quota exceeded, limit: 0, model: x", lasting=True),
    Kind("a minute's quota", 429, EXHAUSTED, (quota_failure("RequestsPerMinute"),), "limit: 0.5, limit: 10"),
    Kind("model capacity", 429, EXHAUSTED, (error_info("MODEL_CAPACITY_EXHAUSTED"),)),
    Kind("503", 503, "UNAVAILABLE"),
    Kind("500", 500, "INTERNAL"),
    Kind("no word", 503),
    Kind("HTML", 503, body=HTML, google=False),
    Kind("nothing", 503, body=b"", google=False),
    Kind("in an array", 429, EXHAUSTED, (retry_info("1m"),), in_array=True, told=60),
    Kind("coded", 429, EXHAUSTED, (retry_info("3"),), coded=True, told=3),
    Kind("over max", 429, EXHAUSTED, (retry_info("61s"),), told=61),
    Kind("over terminal", 429, EXHAUSTED, (retry_info("301s"),), told=301),
    Kind("over everything", 429, EXHAUSTED, (retry_info("3d"),), "retry in 2s", lasting=True),
    Kind("over budget", 429, EXHAUSTED, (retry_info("50s"),), told=50),
    Kind("another word", 429, "FAILED_PRECONDITION", short=False),
    Kind("other JSON", 429, body=b'{"detail": "busy"}', short=False, google=False),
    Kind("not listed", 502, "UNAVAILABLE", short=False),
    Kind("400", 400, "INVALID_ARGUMENT", short=False),
    Kind("403", 403, "PERMISSION_DENIED", short=False),
    Kind("401", 401, "UNAUTHENTICATED", short=False),
    Kind("elsewhere", 302, fields=(b"Location: /login",), body=b"", short=False, google=False),
    Kind("a page", 200, body=HTML, media=b"text/html; charset=utf-8", short=False, google=False),
    Kind(BREAKS, 0, google=False),
]
BY_NAME = {kind.name: kind for kind in KINDS}
