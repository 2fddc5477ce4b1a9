"""The kinds of values that keys of the configuration hold."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, ValidationInfo
from pydantic_core import PydanticCustomError, PydanticKnownError

LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
HOSTNAME = re.compile(rf"(?=.{{1,253}}\Z){LABEL}(\.{LABEL})*\.?", re.ASCII)
"""Labels of letters, digits and hyphens (RFC 1123 §2.1); underscores occur in container networks."""
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
"""What a header name is made of (RFC 9110 §5.6.2)."""
SIZE = re.compile(r"[0-9]+[bkmgt]?", re.ASCII)
LEVEL = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
PLACEHOLDER = re.compile(r"\{model\}|\{action\}")


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
        raise wrong(f"is not a valid regular expression: {error}", "a backslash makes a character literal") from None


def _regex_text(value: str) -> str:
    _regex(value)
    return value


def _size(value: object) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)
    if not SIZE.fullmatch(text):
        raise wrong("is not a size", "for example 500k or 3m")
    return text


def _path(value: object, info: ValidationInfo) -> Path:
    path = value if isinstance(value, Path) else Path(_text(value))
    if not path.name or "\0" in path.name:
        raise wrong("is not the path of a file")
    try:
        path = path.expanduser()
    except RuntimeError:
        raise wrong("begins with a '~' that cannot be expanded", "write the whole path") from None
    base = (info.context or {}).get("base_dir")
    return base / path if base else path


def _is_host(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return HOSTNAME.fullmatch(value) is not None
    return True


def _hostname(value: str) -> str:
    if _is_host(value):
        return value
    if "/" in value:
        raise wrong("should be a bare host name, not a URL", "for a URL use base_url in place of host")
    if ":" in value:
        raise wrong("should be a bare host name without a port", f"for another port use base_url: http://{value}")
    raise wrong("is not a host name")


def _address(value: str) -> str:
    if _is_host(value):
        return value
    raise wrong("should be a bare host name or IP address", "the port has a key of its own")


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise wrong(f"is not a URL: {error}") from None
    if parts.scheme not in ("http", "https") or not host or not _is_host(host) or port == 0:
        raise wrong("should be a URL such as http://127.0.0.1:11434 or https://api.example.com/v1")
    if parts.username is not None:
        raise wrong("should not hold a user or a password", "credentials go into auth")
    if parts.query or parts.fragment or not _is_visible(value):
        raise wrong("should end with the path: no query, no fragment, no spaces")
    return value.rstrip("/")


SIMULATED = "simulator:"
"""The base URL of the provider inside ccproxy, which then speaks the one format of its `type`."""


def _base_url(value: str) -> str:
    return SIMULATED if value.rstrip("/") in ("simulator", SIMULATED) else _url(value)


DIRECT = "direct"
"""In place of a proxy's URL: none, whatever the environment says."""
PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")


def _proxy_url(value: str) -> str:
    if value == DIRECT:
        return value
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise wrong(f"is not a proxy's URL: {error}") from None
    if parts.scheme not in PROXY_SCHEMES or not host or not _is_host(host):
        raise wrong("should be a proxy's URL such as http://127.0.0.1:3128 or socks5h://127.0.0.1:1080, or direct")
    if parts.path not in ("", "/") or parts.query or parts.fragment or not _is_visible(value):
        raise wrong("should end with the port")
    return value.rstrip("/")


def _is_visible(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value


def _header(value: str) -> str:
    if not TOKEN.fullmatch(value):
        raise wrong("is not a header name", "for example x-api-key")
    return value.lower()


def _request_path(value: str) -> str:
    if not value.startswith("/"):
        raise wrong("should begin with a slash")
    if not _is_visible(value) or "#" in value:
        raise wrong("should hold only printable ASCII, anything else percent-encoded")
    if "{" in PLACEHOLDER.sub("", value):
        raise wrong("holds an unknown placeholder", "known are {model} and {action}")
    return value


def _level(value: object) -> object:
    return value.upper() if isinstance(value, str) and value.upper() in get_args(LEVEL) else value


Text = Annotated[str, Field(min_length=1)]
Port = Annotated[int, Field(ge=0, le=65535)]
"""A TCP port; 0 lets the system choose one."""
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A time span that is not zero."""
SecondsOrZero = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Days = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Bytes = Annotated[int, Field(ge=1)]
Regex = Annotated[re.Pattern[str], PlainValidator(_regex)]
RegexText = Annotated[str, AfterValidator(_regex_text)]
"""An expression for somebody else to compile."""
SizeText = Annotated[str, PlainValidator(_size)]
"""Bytes, or with a letter behind KiB, MiB and so on; as mitmproxy takes it."""
FilePath = Annotated[Path, PlainValidator(_path)]
"""Once loaded, `~` is expanded and a relative path belongs to the directory of the configuration file."""
Hostname = Annotated[str, AfterValidator(_hostname)]
"""Where to connect: a host name or an IP address, no port."""
Address = Annotated[str, AfterValidator(_address)]
"""Where to listen: an IP address or a host name, no port."""
Url = Annotated[str, AfterValidator(_url)]
"""http or https, without query, fragment, user and trailing slash."""
BaseUrl = Annotated[str, AfterValidator(_base_url)]
"""The same, or `simulator:`."""
ProxyUrl = Annotated[str, AfterValidator(_proxy_url)]
"""`http://user:password@host:port`, the same with https, socks4, socks4a, socks5 or socks5h; or `direct`."""
HeaderName = Annotated[str, AfterValidator(_header)]
"""In lower case once loaded."""
RequestPath = Annotated[str, AfterValidator(_request_path)]
"""A request-target in origin form that may hold `{model}` and `{action}`."""
LogLevel = Annotated[LEVEL, BeforeValidator(_level)]
"""In upper case once loaded."""
Params = dict[str, Any]
