"""Uploads: addresses to send files to, the bucket that takes them, and their processing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from tests.support.perplexity.threads import new_id
from tests.support.replies import reply
from tests.support.upstream import Recorded, Script, Step, Upstream

MEMBERS = {"filename", "content_type", "source", "file_size", "force_image", "skip_parsing", "persistent_upload"}
LIMIT = 52_428_800


@dataclass
class Stored:
    """A file that was announced, and what came of it."""

    key: str
    file_uuid: str
    url: str
    announced: dict[str, Any]
    fields: dict[str, str]
    data: bytes | None = None
    processed: bool = False


@dataclass(frozen=True)
class Part:
    """A part of a form."""

    name: str
    filename: str | None
    media_type: str | None
    data: bytes


def parts(request: Recorded) -> list[Part]:
    """The parts of a form (RFC 7578), read by the standard library."""
    head = b"Content-Type: " + (request.field("content-type") or b"") + b"\r\n\r\n"
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    return [_part(each) for each in message.iter_parts()] if message.is_multipart() else []


def _part(message: Any) -> Part:
    name = message.get_param("name", header="content-disposition")
    media_type = message.get_content_type() if "content-type" in message else None
    return Part(str(name), message.get_filename(), media_type, message.get_payload(decode=True) or b"")


class Bucket:
    """Where files are sent to: a server of its own, at another port."""

    def __init__(self) -> None:
        self.server = Upstream(self.answers)
        self.files: dict[str, Stored] = {}
        """By the key that they were announced with."""
        self.refuses: list[int] = []
        """Statuses of the next answers."""

    @property
    def stored(self) -> dict[str, Stored]:
        """The files that have come, by their URL."""
        return {each.url: each for each in self.files.values() if each.data is not None}

    def announce(self, key: str, about: dict[str, Any]) -> dict[str, Any]:
        """Where to send a file, and with which fields."""
        number = new_id()
        path = f"user_uploads/{number}/{about['filename']}"
        fields = {
            "acl": "private",
            "Content-Type": about["content_type"],
            "tagging": "<Tagging><TagSet></TagSet></Tagging>",
            "key": path,
            "policy": f"made-up-policy-{number}",
            "x-amz-signature": f"made-up-signature-{number}",
        }
        self.files[key] = Stored(key, number, f"{self.server.url}/{path}", about, fields)
        place = {"s3_bucket_url": self.server.url + "/", "s3_object_url": self.files[key].url, "fields": fields}
        return {**place, "file_uuid": number, "rate_limited": False}

    def answers(self, request: Recorded) -> Iterable[Step]:
        """Takes a file that comes as it was announced."""
        if self.refuses:
            return _refusal(self.refuses.pop(0), "InternalError")(request)
        wrong = self._faults(request)
        if wrong:
            return _refusal(403, wrong)(request)
        return reply(204, [], b"", b"No Content")(request)

    def _faults(self, request: Recorded) -> str:
        if request.method != "POST" or request.field("cookie") or request.field("authorization"):
            return "a form is posted here, without a cookie or a credential"
        *fields, last = parts(request) or [Part("", None, None, b"")]
        sent = {each.name: each.data.decode() for each in fields}
        stored = next((each for each in self.files.values() if each.fields == sent), None)
        if stored is None:
            return f"these are no fields of an address that was given: {sent}"
        if last.name != "file" or last.filename is None:
            return "the file comes last"
        if len(last.data) != stored.announced["file_size"]:
            return f"{len(last.data)} bytes instead of {stored.announced['file_size']}"
        stored.data = last.data
        return ""


def _refusal(status: int, why: str) -> Script:
    body = f"<Error><Code>AccessDenied</Code><Message>{why}</Message></Error>"
    return reply(status, [(b"Content-Type", b"application/xml")], body.encode(), b"No")


def announcement_faults(document: Any) -> str:
    """What is wrong with the list of files that are to come."""
    files = document.get("files") if isinstance(document, Mapping) and set(document) == {"files"} else None
    if not isinstance(files, dict) or not files:
        return "files: an object with something in it"
    for about in files.values():
        if set(about) != MEMBERS:
            return f"members of a file: {sorted(set(about) ^ MEMBERS)}"
        if (
            about["source"] != "default"
            or about["skip_parsing"] is not False
            or about["persistent_upload"] is not False
        ):
            return f"a file: {json.dumps(about)}"
        if not isinstance(about["file_size"], int) or not 0 < about["file_size"] <= LIMIT:
            return f"file_size: {about['file_size']!r}"
        if not isinstance(about["force_image"], bool) or not about["filename"] or "/" not in about["content_type"]:
            return f"a file: {json.dumps(about)}"
    return ""
