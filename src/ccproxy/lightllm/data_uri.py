"""Data URIs (RFC 2397), by which the OpenAI formats carry files."""

from __future__ import annotations

import base64
import binascii
import re

PATTERN = re.compile(r"data:([^;,]*)((?:;[^;,]*)*?)(;base64)?,", re.IGNORECASE)


def parse_data_uri(uri: str) -> tuple[str, bytes] | None:
    """Media type (may be empty) and bytes of a data URI; None if it is none."""
    match = PATTERN.match(uri)
    if match is None:
        return None
    data = uri[match.end() :]
    if match[3] is None:
        from urllib.parse import unquote_to_bytes

        return match[1].lower(), unquote_to_bytes(data)
    return match[1].lower(), from_base64(data)


def inline_of(uri: str) -> tuple[str, bytes] | None:
    """The same; None for one whose data cannot be read, too."""
    try:
        return parse_data_uri(uri)
    except ValueError:
        return None


def data_uri(media_type: str, data: bytes) -> str:
    """A data URI."""
    return f"data:{media_type};base64,{to_base64(data)}"


def from_base64(text: str) -> bytes:
    """Bytes of base64 in either alphabet, with white space or without padding. Raises ValueError."""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        cleaned = re.sub(r"\s", "", text).replace("-", "+").replace("_", "/").rstrip("=")
        if not re.fullmatch(r"[A-Za-z0-9+/]*", cleaned) or len(cleaned) % 4 == 1:
            raise ValueError("the data is not base64") from None
        return base64.b64decode(cleaned + "=" * (-len(cleaned) % 4))


def standard_base64(text: str) -> str | None:
    """Base64 as every decoder takes it; None for what is none."""
    try:
        return to_base64(from_base64(text))
    except ValueError:
        return None


def to_base64(data: bytes) -> str:
    """Standard base64 (RFC 4648 §4)."""
    return base64.b64encode(data).decode("ascii")
