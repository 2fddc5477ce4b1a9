"""Exchanges as a HAR 1.2: two entries each, by the book, whatever passed."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import ccproxy
from ccproxy.exchange import Exchange
from ccproxy.flows.har import writing as har
from tests.flows.made_up import NOW, answered, datagrams, each_kind, exchanges
from tests.support.examples import examples

SCHEMA = Draft202012Validator(json.loads(Path(__file__).with_name("har-1.2.schema.json").read_text()))
KINDS = dict(each_kind())


def written(*exchanges: Exchange) -> dict[str, Any]:
    output = io.BytesIO()
    assert har.write(exchanges, output).flows == sum(ex.protocol == "http" for ex in exchanges)
    log: dict[str, Any] = json.loads(output.getvalue())["log"]
    return log


def by_the_book(log: dict[str, Any]) -> None:
    SCHEMA.validate({"log": log})
    assert [entry["pageref"] for entry in log["entries"]] == [page["id"] for page in log["pages"] for _ in range(2)]
    for entry in log["entries"]:
        parts = [value for value in entry["timings"].values() if value != -1]
        assert entry["time"] == pytest.approx(sum(parts), abs=0.001)


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_is_by_the_book(name: str) -> None:
    by_the_book(written(KINDS[name]))


@given(st.lists(exchanges(), max_size=2))
@settings(max_examples=examples(80), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_anything_is_by_the_book(found: list[Exchange]) -> None:
    by_the_book(written(*found))


def test_the_head_and_the_pages() -> None:
    ex = KINDS["buffered"]
    log = written(ex, datagrams(), KINDS["local"])
    assert log["creator"] == {"name": "ccproxy", "version": ccproxy.__version__}
    assert [page["id"] for page in log["pages"]] == [ex.id, KINDS["local"].id]
    assert log["pages"][0]["title"] == f"ccproxy flow {ex.id}"
    assert log["pages"][0]["startedDateTime"] == "2025-10-09T08:53:20.250000+00:00"
    assert log["pages"][0]["pageTimings"] == {"onContentLoad": 300, "onLoad": 500}


def test_the_provider_comes_first_then_the_client() -> None:
    provider, client = written(KINDS["translated"])["entries"]
    assert (provider["request"]["url"], client["request"]["url"]) == (
        "https://a.test/v1/messages?beta=true",
        "http://localhost/v1/messages?beta=true",
    )
    assert provider["response"]["content"]["text"] == '{"choices":[]}'
    assert client["response"]["content"]["text"] == '{"content":[]}'
    assert client["response"]["cookies"] == [{"name": "a", "value": "b", "httpOnly": True, "secure": False}]
    assert provider["request"]["queryString"] == [{"name": "beta", "value": "true"}]
    assert (client["connection"], "serverIPAddress" in provider) == ("51000", False)


def test_no_time_is_negative_though_the_answer_came_before_the_request_was_sent() -> None:
    provider, client = (entry["timings"] for entry in written(KINDS["buffered"])["entries"])
    told = ("blocked", "send", "wait", "receive", "ssl")
    assert [provider[name] for name in told] == [48, 150, 0, 300, -1]
    assert [client[name] for name in told] == [-1, 1, 299, 200, -1]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("local", "not forwarded: answered here"),
        ("no response", "connect: nobody listens"),
        ("under way", "not forwarded yet"),
    ],
)
def test_what_got_no_answer_of_a_provider(name: str, error: str) -> None:
    log = written(KINDS[name])
    response = log["entries"][0]["response"]
    assert (len(log["entries"]), response["status"], response["_error"]) == (2, 0, error)


def test_what_broke_off_says_so() -> None:
    response = written(KINDS["broken off"])["entries"][0]["response"]
    assert response["_error"] == "reset: the provider closed the connection"
    assert response["content"]["comment"] == "it broke off here"


def test_bodies_are_text_without_their_coding_and_base64_where_they_are_none() -> None:
    wire = KINDS["gzip"].response
    assert wire is not None
    content = written(KINDS["gzip"])["entries"][0]["response"]["content"]
    assert (content["text"], content["size"], content["compression"]) == ('{"text":"hi"}', 13, 13 - len(wire.body))
    binary = written(KINDS["binary"])["entries"][1]["response"]["content"]
    assert (binary["encoding"], binary["size"]) == ("base64", 1024)
    sent = written(answered(b"", request=(b"image/png", b"\x89")))["entries"][1]["request"]["postData"]
    assert sent == {"mimeType": "image/png", "text": "iQ==", "_encoding": "base64", "comment": "the text is base64"}


def test_forms_have_their_params() -> None:
    form, parts = (written(KINDS[name])["entries"][1]["request"]["postData"] for name in ("form", "multipart"))
    assert [(each["name"], each["value"]) for each in form["params"]] == [("a", "b"), ("c", " d"), ("e", "")]
    assert parts["params"] == [
        {"name": "a", "value": "1"},
        {"name": "f", "fileName": "x.png", "contentType": "image/png"},
    ]


def test_a_websocket_as_chromium_writes_it() -> None:
    provider, client = written(KINDS["websocket"])["entries"]
    assert provider["request"]["url"] == client["request"]["url"] == "wss://a.test/v1/messages?beta=true"
    assert client["_resourceType"] == "websocket"
    assert client["_webSocketMessages"][:2] == [
        {"type": "send", "time": NOW, "opcode": 1, "data": "hi"},
        {"type": "receive", "time": NOW + 1, "opcode": 2, "data": "AP8="},
    ]
    assert client["_webSocketMessages"][-1]["data"] == "hi"  # a frame that was relayed


def test_sizes_are_those_that_passed() -> None:
    provider, client = (entry["request"] for entry in written(KINDS["buffered"])["entries"])
    head = len("POST /v1/messages?beta=true HTTP/1.1\r\nContent-Type: application/json\r\n\r\n")
    assert (provider["headersSize"], provider["bodySize"], client["bodySize"]) == (head, 5, 2)
    assert provider["postData"]["comment"] == "3 more bytes were not kept"
