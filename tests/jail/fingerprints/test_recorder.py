"""What the TLS of jailed programs looks like is recorded with what they did, and can be kept by name."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from ccproxy.fingerprint.client_hello import parse_client_hello
from ccproxy.fingerprint.ja4 import ja4
from ccproxy.transport.likeness import first_words
from tests.support.jailed import House
from tests.support.outer import Outer, people
from tests.support.outer.outer import REPOSITORY

CONFIG = {"providers": {"claude": {"type": "anthropic", "host": "api.anthropic.com"}}}
GET = """
import http.client, ssl, sys
connection = http.client.HTTPSConnection(sys.argv[1], context=ssl.create_default_context())
connection.request("GET", sys.argv[2]); print(connection.getresponse().status)
connection.request("GET", sys.argv[2] + "/again"); print(connection.getresponse().status)
"""
H1, H2, H3 = "finger.h1.test", "finger.h2.test", "finger.h3.test"
KEY = ("-H", "x-api-key: sk-ant-own-key", "-H", "content-type: application/json")
BODY = json.dumps({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "SIM_ECHO hello"}]})


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with Outer(people()[0]) as outer, House(outer, CONFIG) as made:
        yield made


def client_tls(house: House, **wanted: Any) -> dict[str, Any]:
    """The record of the client's TLS of one flow."""
    flow = house.flow(**wanted)
    record: dict[str, Any] = house.daemon.control("GET", f"/flows/{flow['id']}")["client_tls"]
    assert flow["client_tls"] == {name: record[name] for name in ("ja4", "ja3", "sni", "http_version")}
    return record


def said_by_python(host: str) -> str:
    """The JA4 of this Python's own ClientHello. http.client offers HTTP/1.1."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return ja4(parse_client_hello(first_words(context, host)))


def test_a_python_program(house: House) -> None:
    host = H1
    done = house.jail("python", "-c", GET, host, "/finger/python")
    assert done.stdout.split(), done
    record = client_tls(house, path="/finger/python")
    assert (record["source"], record["sni"], record["carrier"]) == ("jail", host, "tcp")
    assert record["ja4"].split("_")[1:] == said_by_python(host).split("_")[1:]
    assert client_tls(house, path="/finger/python/again")["ja4"] == record["ja4"]


def test_http2_is_recorded_as_far_as_it_comes_at_once(house: House) -> None:
    house.jail("curl", "-sS", "-m", "15", "--http2", f"https://{H2}/finger/h2")
    record = client_tls(house, path="/finger/h2")
    assert record["ja4"].startswith("t13d")
    assert record["http_version"] == "v2"
    assert record["http2"]["settings"]


def test_quic(house: House) -> None:
    house.jail("python", "-m", "tests.support.internet.visit", "h3", f"https://{H3}/finger/h3", cwd=REPOSITORY)
    record = client_tls(house, path="/finger/h3")
    assert record["ja4"].startswith("q13d")
    assert (record["carrier"], record["http_version"]) == ("quic", "v3")


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_a_claimed_request(house: House, version: str) -> None:
    target = f"/v1/messages?finger={version.strip('-')}"
    done = house.jail("curl", "-sS", "-m", "20", version, *KEY, "-d", BODY, f"https://api.anthropic.com{target}")
    record = client_tls(house, path=target)
    assert record["sni"] == "api.anthropic.com", done
    assert record["alpn_protocols"][0] == {"--http1.1": "http/1.1", "--http2": "h2"}[version]


def test_plain_http_has_none(house: House) -> None:
    house.jail("curl", "-sS", "-m", "15", f"http://{H1}/finger/plain")
    assert house.flow(path="/finger/plain")["client_tls"] is None


def test_it_is_kept_by_name_and_told(house: House) -> None:
    house.jail("curl", "-sS", "-m", "15", "--http1.1", "-A", "my-agent", f"https://{H1}/finger/kept")
    flow = house.flow(path="/finger/kept")
    name = flow["client_tls"]["ja4"]
    assert f"JA4 {name}".encode() in house.cli("flows", "show", flow["id"]).stdout
    assert b"replay" in house.cli("fingerprints", "show", "--flow", flow["id"]).stdout
    saved = house.cli("fingerprints", "save", "my-curl", "--flow", flow["id"][:13])
    assert (saved.returncode, name.encode() in saved.stdout) == (0, True), saved
    assert b"replay: exact (OpenSSL)" in saved.stdout
    kept = json.loads(house.cli("fingerprints", "show", "my-curl", "--json").stdout)
    assert (kept["ja4"], kept["user_agent"], kept["provider"]) == (name, "my-agent", None)
    assert kept["header_order"] == ["Host", "User-Agent", "Accept"]
    assert kept["replay"]["exact"], kept["replay"]
    assert b"my-curl" in house.cli("fingerprints", "list").stdout
