"""Where the web application says that files are to be put: Amazon S3, by forms that it has signed.

Source of the forms: docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ccproxy.auth import Posted
from ccproxy.auth.redaction import hidden
from ccproxy.providers.perplexity.refusals import LONGEST, SiteError, because, is_page, unusable

TOO_MANY = "Perplexity takes no more files for now (see `ccproxy pplx quota`, or try again later)"
TAKEN = (200, 201, 204)
"""Statuses by which the store has a file; its body is empty, or XML."""
ELEMENT = r"<{0}>([^<]{{1,500}})</{0}>"


@dataclass(frozen=True, slots=True)
class Place:
    """For one file."""

    bucket_url: str
    """Where the form is sent."""
    fields: Mapping[str, str]
    """What is in it beside the file."""
    object_url: str
    """By which the file is known afterwards."""
    file_uuid: str | None


def places(document: Mapping[str, Any], keys: Sequence[str]) -> list[Place]:
    """Those of the files that were announced under these keys, in their order, whatever the answer's.

    Raises SiteError: 429 where there are too many files, 502 for an answer that lacks something.
    """
    results = document.get("results")
    if document.get("rate_limited"):
        raise rate_limited()
    if not isinstance(results, dict):
        raise unusable(f"Perplexity names no places for the files{because(document)}")
    return [place(results.get(key)) for key in keys]


def place(result: object) -> Place:
    """The one of a result. Raises SiteError."""
    if not isinstance(result, dict):
        raise unusable("Perplexity names no place for one of the files")
    if result.get("rate_limited"):
        raise rate_limited()
    bucket, kept, fields = (result.get(name) for name in ("s3_bucket_url", "s3_object_url", "fields"))
    if not (isinstance(bucket, str) and bucket and isinstance(kept, str) and kept):
        raise unusable(f"Perplexity says not where a file is to be put{because(result)}")
    if not isinstance(fields, dict) or not fields or not all(isinstance(value, str) for value in fields.values()):
        raise unusable("Perplexity has not signed the form of a file")
    uuid = result.get("file_uuid")
    return Place(bucket, fields, kept, uuid if isinstance(uuid, str) and uuid else None)


def rate_limited() -> SiteError:
    """The exception for too many files."""
    return SiteError(429, "pplx_rate_limited", TOO_MANY)


def require_put(answer: Posted, name: str) -> None:
    """Raises SiteError if a file was not taken (docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html)."""
    page = " with a page" if is_page(answer) else ""
    if answer.status in TAKEN and not page:
        return
    body = answer.body[:8192].decode("utf-8", "replace")
    code, words = (re.search(ELEMENT.format(name), body) for name in ("Code", "Message"))
    said = (f" ({code[1]})" if code is not None else "") + (f" and said: {words[1]}" if words is not None else "")
    reason = hidden(f"the store answered {answer.status}{page}{said}", ())[:LONGEST]
    raise SiteError(502, "pplx_upload_failed", f"the file {name!r} could not be given to Perplexity: {reason}")
