"""HAR files as exchanges: our own as they were, those of others as far as they tell."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccproxy.exchange import Exchange, Origin, WireFormat
from ccproxy.flows.files import FlowFileError, kind_of
from ccproxy.flows.har import writing as har
from ccproxy.flows.har.reading import exchanges as imported
from ccproxy.flows.har.reading import read
from ccproxy.flows.record.record import to_record
from tests.flows.made_up import each_kind, exchanges

KINDS = dict(each_kind())


def no_format(path: str) -> WireFormat | None:
    return WireFormat.ANTHROPIC if path == "/v1/messages" else None


def dumped(*exchanges: Exchange) -> Any:
    output = io.BytesIO()
    har.write(exchanges, output)
    return json.loads(output.getvalue())


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_comes_back(name: str) -> None:
    (back,) = imported(dumped(KINDS[name]), no_format)
    assert to_record(back) == to_record(KINDS[name])


@given(st.lists(exchanges(), max_size=2))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_dumped_comes_back(found: list[Exchange]) -> None:
    assert list(map(to_record, imported(dumped(*found), no_format))) == list(map(to_record, found))


def test_without_its_other_half_an_entry_stands_for_itself_or_says_what_it_lacks() -> None:
    whole = dumped(KINDS["translated"])
    provider, client = whole["log"]["entries"]
    (alone,) = imported({"log": {"entries": [client]}}, no_format)
    assert alone.response is not None
    assert (alone.response.body, alone.format) == (b'{"content":[]}', WireFormat.ANTHROPIC)
    with pytest.raises(FlowFileError, match=r"log\.entries\[0\]: _ccproxy\.bodies: 'client\.re\w+' is no body"):
        list(imported({"log": {"entries": [provider]}}, no_format))


CHROMIUM = {
    "startedDateTime": "2026-01-02T03:04:05.678Z",
    "time": 120.5,
    "request": {
        "method": "POST",
        "url": "https://api.a.test/v1/messages?beta=true",
        "httpVersion": "http/2.0",
        "headers": [{"name": ":authority", "value": "api.a.test"}, {"name": "content-type", "value": "text/plain"}],
        "queryString": [], "cookies": [], "headersSize": -1, "bodySize": 2,
        "postData": {"mimeType": "text/plain", "text": "h\u00ef"},
    },
    "response": {
        "status": 200, "statusText": "", "httpVersion": "http/2.0", "cookies": [], "redirectURL": "", "headersSize": -1,
        "headers": [{"name": "content-encoding", "value": "br"}, {"name": "x-a", "value": "b"}],
        "bodySize": -1, "content": {"size": 2, "mimeType": "text/plain", "text": "AP8=", "encoding": "base64"},
        "_transferSize": 99, "_error": None,
    },
    "cache": {},
    "timings": {"blocked": 1.5, "dns": -1, "ssl": -1, "connect": -1, "send": 1, "wait": 100, "receive": 18},
}  # fmt: skip


def changed(change: Callable[[dict[str, Any]], object]) -> Any:
    entry = json.loads(json.dumps(CHROMIUM))
    change(entry)
    return {"log": {"creator": {"name": "WebInspector"}, "entries": [CHROMIUM, entry]}}


def test_an_entry_of_a_browser() -> None:
    ex, again = imported(changed(lambda entry: None), no_format)
    assert ex == again
    assert (ex.request.target, ex.request.http_version, ex.request.body) == (
        b"/v1/messages?beta=true",
        "2",
        b"h\xc3\xaf",
    )
    assert ex.request.headers == [(b"content-type", b"text/plain")]
    assert ex.response is ex.provider_response is not None
    assert (ex.response.headers, ex.response.body) == ([(b"x-a", b"b")], b"\x00\xff")
    assert (ex.destination, ex.format) == (Origin("https", "api.a.test", 443), WireFormat.ANTHROPIC)
    times = [ex.timings.sent, ex.timings.headers, ex.timings.finished]
    assert [round((time or 0) - ex.timings.started, 4) for time in times] == [0.0025, 0.1025, 0.1205]
    assert ex.route is not None
    assert ex.route.reason == "imported from a HAR of WebInspector"


def test_an_entry_of_a_websocket_and_one_without_an_answer() -> None:
    def change(entry: dict[str, Any]) -> None:
        entry["request"]["url"] = "wss://a.test:444/x"
        entry["response"] |= {"status": 0, "_error": "net::ERR_FAILED"}
        entry["_webSocketMessages"] = [{"type": "send", "time": 5.5, "opcode": 2, "data": "AP8="}, {"opcode": 8}, None]

    _, ex = imported(changed(change), no_format)
    assert (ex.destination, ex.response) == (Origin("https", "a.test", 444), None)
    assert ex.failure is not None
    assert ex.failure.message == "net::ERR_FAILED"
    assert ex.websocket is not None
    assert [(said.content, said.time, said.from_client) for said in ex.websocket.messages] == [(b"\x00\xff", 5.5, True)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda entry: entry.pop("request"), "request.url is missing"),
        (lambda entry: entry.update(request=[]), "request is no object"),
        (lambda entry: entry["request"].update(url="/x"), "request.url is no absolute URL"),
        (lambda entry: entry["request"].update(url="http://[a/"), "request.url is no URL"),
        (lambda entry: entry["request"].update(headers=[1]), "request.headers has a member without a name"),
        (lambda entry: entry["response"].update(headers=1), "response.headers is no array"),
        (lambda entry: entry["response"].update(status="200"), "response.status is no number"),
        (lambda entry: entry["response"]["content"].update(text="*"), "response.content.text is no base64"),
        (lambda entry: entry.update(startedDateTime="now"), "startedDateTime is no ISO 8601 date: 'now'"),
        (lambda entry: entry.update(_webSocketMessages={"a": 1}), "_webSocketMessages is no array"),
    ],
)
def test_a_bad_entry_is_named_with_its_member(change: Callable[[dict[str, Any]], object], said: str) -> None:
    with pytest.raises(FlowFileError) as caught:
        list(imported(changed(change), no_format))
    assert str(caught.value).startswith(f"log.entries[1]: {said}")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_an_entry_with_anything_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    base = data.draw(st.sampled_from([CHROMIUM, dumped(KINDS["translated"])["log"]["entries"][0]]))
    entry = json.loads(json.dumps(base))
    place: Any = entry
    while isinstance(place, dict) and place:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or data.draw(st.booleans()):
            place[key] = data.draw(json_values)
            break
        place = place[key]
    assert said_of({"log": {"entries": [entry]}}).startswith(("1 read", "log.entries[0]: "))


def said_of(value: Any) -> str:
    try:
        return f"{len(list(imported(value, no_format)))} read"
    except FlowFileError as error:
        return str(error)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{", "it is no JSON: "),
        (b'{"log": {"a": NaN}}', "it is no JSON: NaN"),
        (b'{"a":' * 100_000, "it is no JSON: it is nested too deep"),
        (b'{"log": []}', "it is no HAR"),
        (b'{"log": {"entries": 5}}', "it is no HAR"),
    ],
)
def test_a_file_that_is_no_har(text: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "a.har"
    file.write_bytes(text)
    with pytest.raises(FlowFileError, match=said):
        list(read(file, no_format))


def test_a_byte_order_mark_and_half_a_character_are_fine(tmp_path: Path) -> None:
    file = tmp_path / "a.har"
    file.write_bytes(
        b"\xef\xbb\xbf" + json.dumps(changed(lambda e: e["request"]["postData"].update(text="\ud800"))).encode()
    )
    assert kind_of(file) == "har"
    assert [ex.request.body for ex in read(file, no_format)] == ["h\u00ef".encode(), b"?"]


def test_a_file_of_ours_that_is_cut_off_gives_what_is_before(tmp_path: Path) -> None:
    file = tmp_path / "a.har"
    with file.open("wb") as output:
        har.write([KINDS["gzip"], KINDS["form"], KINDS["local"]], output)
    whole = file.read_bytes()
    assert [ex.id for ex in read(file, no_format)] == [KINDS[name].id for name in ("gzip", "form", "local")]
    pages = whole.index(b'],"pages":[')
    for cut, before in ((pages, 3), (pages - 9, 2), (whole.rindex(b"\n", 0, pages - 9), 2)):
        file.write_bytes(whole[:cut])
        found = read(file, no_format)
        ids = [next(found).id for _ in range(before)]
        assert ids == [KINDS[name].id for name in ("gzip", "form", "local")][:before]
        with pytest.raises(FlowFileError, match="cut off"):
            next(found)


def test_entries_of_ours_may_be_taken_out_by_hand(tmp_path: Path) -> None:
    file = tmp_path / "a.har"
    with file.open("wb") as output:
        har.write([KINDS["gzip"], KINDS["form"], KINDS["local"]], output)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:3], *lines[4:]]))  # the provider's entry of the second
    first, alone, last = read(file, no_format)
    assert (first.id, last.id) == (KINDS["gzip"].id, KINDS["local"].id)
    assert alone.route is not None
    assert (alone.request.body, alone.route.reason) == (b"a=b&c=%20d&e", "imported from a HAR of ccproxy")
