"""When libcurl is loaded: with the daemon where a provider needs it, not before the first request where none does."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from ccproxy.config import Config
from ccproxy.transport.ways import Ways

PLAIN = {"type": "anthropic", "base_url": "http://127.0.0.1:9"}
NEEDS: list[tuple[dict[str, Any], bool]] = [
    ({}, False),
    ({"providers": {"a": {**PLAIN}}}, False),
    ({"providers": {"a": {**PLAIN, "http2": True}}}, True),
    ({"providers": {"a": {**PLAIN, "fingerprint_profile": "chrome131"}}}, True),
    ({"providers": {"a": {**PLAIN, "proxy": "socks5h://127.0.0.1:9"}}}, True),
    ({"providers": {"a": {**PLAIN, "proxy": "http://127.0.0.1:9"}}}, False),
    ({"transport": {"proxy": "socks5://127.0.0.1:9"}}, True),
]


@pytest.mark.parametrize(("config", "needed"), NEEDS)
def test_who_needs_it(config: dict[str, Any], needed: bool) -> None:
    assert Ways(Config.model_validate(config), {}).need_libcurl() is needed


def test_the_carrier_alone_does_not_load_it() -> None:
    code = "import sys, ccproxy.assembly, ccproxy.transport.curl_carrier; print('curl_cffi' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert out.stdout == "False\n"
