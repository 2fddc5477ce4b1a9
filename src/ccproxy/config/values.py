"""The kinds of values that keys of the configuration hold."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, ValidationInfo
from pydantic_core import PydanticCustomError, PydanticKnownError

HOSTNAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?", re.ASCII)
"""Labels of letters, digits and hyphens (RFC 1123 §2.1); underscores occur in container networks."""
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
"""A token (RFC 9110 §5.6.2)."""


def wrong(message: str, hint: str = "") -> PydanticCustomError:
    """An error about one value: what is wrong with it, and what to do."""
    return PydanticCustomError("rule", "{message}", {"message": message, "hint": hint})


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise PydanticKnownError("string_type")
    return value


def _regex(value: object) -> re.Pattern[str]:
    if isinstance(value, re.Pattern):
        return value
    try:
        return re.compile(_text(value))
    except (re.error, OverflowError, RecursionError) as error:
        raise wrong(
            f"is not a valid regular expression: {error}", "escape special characters with a backslash"
        ) from None


def _path(value: object, info: ValidationInfo) -> Path:
    """`~` is expanded; a relative path belongs to the directory of the configuration file."""
    path = value if isinstance(value, Path) else Path(_text(value))
    if "\0" in str(path) or str(path) == ".":
        raise wrong("is not a path")
    try:
        path = path.expanduser()
    except RuntimeError:
        raise wrong("has a '~' that cannot be expanded", "write the whole path") from None
    base = (info.context or {}).get("base_dir")
    return base / path if base else path


def _hostname(value: str) -> str:
    if "/" in value:
        raise wrong("should be a bare host name, not a URL", "for a URL use base_url in place of host")
    if _is_address(value) or (len(value) <= 253 and HOSTNAME.fullmatch(value)):
        return value
    if ":" in value:
        raise wrong("should be a bare host name without a port", f"for another port use base_url: http://{value}")
    raise wrong("is not a host name")


def _is_address(value: str) -> bool:
    try:
        ip_address(value.partition("%")[0])
    except ValueError:
        return False
    return True


def _url(value: str) -> str:
    """An http or https URL without query, fragment and user; a trailing slash is removed."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise wrong(f"is not a URL: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise wrong("should be a URL such as http://127.0.0.1:11434 or https://api.example.com/v1")
    if parts.username is not None:
        raise wrong("should not hold a user or password", "credentials go into auth")
    if parts.query or parts.fragment or not value.isascii() or not value.isprintable() or " " in value:
        raise wrong("should end with the path: no query, no fragment, no spaces")
    return value.rstrip("/")


def _header(value: str) -> str:
    if not HEADER_NAME.fullmatch(value):
        raise wrong("is not a header name", "for example x-api-key")
    return value.lower()


def _request_path(value: str) -> str:
    if not value.startswith("/"):
        raise wrong("should begin with a slash")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise wrong("should hold only printable ASCII, the rest percent-encoded")
    return value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1)]
Port = Annotated[int, Field(ge=0, le=65535)]
"""A TCP port; 0 lets the system choose one."""
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A time span that is not zero."""
SecondsOrZero = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Size = Annotated[int, Field(ge=1)]
"""Bytes."""
Regex = Annotated[re.Pattern[str], PlainValidator(_regex)]
FilePath = Annotated[Path, PlainValidator(_path)]
"""Absolute once loaded."""
Hostname = Annotated[str, AfterValidator(_hostname)]
"""A host name or an IP address, no port."""
Url = Annotated[str, AfterValidator(_url)]
HeaderName = Annotated[str, AfterValidator(_header)]
"""In lower case once loaded."""
RequestPath = Annotated[str, AfterValidator(_request_path)]
UpperCase = BeforeValidator(_upper)
Params = dict[str, Any]
