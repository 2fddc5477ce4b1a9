"""The browsers that libcurl can look like, by curl_cffi's names."""

from __future__ import annotations

from typing import get_args

from curl_cffi.requests.impersonate import BrowserTypeLiteral, resolve_latest_browser_type


def browser_names() -> list[str]:
    """All names: `chrome131`, and `chrome` for the latest of its kind."""
    return sorted(get_args(BrowserTypeLiteral))


def libcurl_name(name: str) -> str:
    """What libcurl calls a browser: it has no word for the latest one."""
    return str(resolve_latest_browser_type(name))  # type: ignore[no-untyped-call]
