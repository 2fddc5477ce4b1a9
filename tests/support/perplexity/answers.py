"""Answers of the stand-in in HTTP."""

from __future__ import annotations

from typing import Any

from tests.support.http import Header
from tests.support.replies import json_reply, reply
from tests.support.upstream import Script


class Refused(Exception):
    """A call that is not answered as it was meant to be; `script` is the answer."""

    def __init__(self, script: Script, why: str) -> None:
        super().__init__(why)
        self.script = script


def refusal(status: int, why: Any, *headers: Header) -> Refused:
    """As FastAPI tells what is wrong with a call."""
    return Refused(json_reply({"detail": why}, status, headers), str(why))


def error(status: int, code: str, message: str, *headers: Header) -> Refused:
    """As the web application tells errors of its own."""
    return Refused(
        json_reply({"status": "FAILED", "error_code": code, "error_message": message}, status, headers), code
    )


def challenge(why: str) -> Refused:
    """The page that stands before the web application, for those that look like no browser."""
    html = f"<!DOCTYPE html><html><title>Just a moment...</title><!-- {why} --></html>"
    return Refused(reply(403, [(b"Content-Type", b"text/html")], html.encode(), b"Forbidden"), why)
