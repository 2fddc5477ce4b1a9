"""What became of a request and its answer: made-up exchanges."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.exchange import CLIENT_FORMATS, Exchange, HttpRequest, HttpResponse, Origin, Route, WireFormat
from ccproxy.flows.diff.compare import compare, header_changes
from ccproxy.flows.diff.formats import side_by_side
from ccproxy.flows.parts.parts import parts_of
from tests.support.conversations import TELLERS, Conversation, conversations

BODY = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'


def exchange(**more: object) -> Exchange:
    request = HttpRequest("POST", b"/v1/messages?a=1", [(b"Host", b"127.0.0.1:4000"), (b"Accept", b"*/*")], BODY)
    ex = Exchange(request, format=WireFormat.ANTHROPIC, **more)  # type: ignore[arg-type]
    ex.route = Route("redirect", "p", WireFormat.ANTHROPIC, Origin("https", "api.example", 443), "why")
    ex.forwarded = HttpRequest("POST", b"/v1/messages?a=1", [(b"Host", b"api.example"), (b"Accept", b"*/*")], BODY)
    ex.response = ex.provider_response = HttpResponse(200, [], chunks=[b"{}"], complete=True)
    return ex


def test_nothing_was_changed() -> None:
    """The listener's own address is no change."""
    found = compare(exchange())
    assert found.request is not None
    assert found.response is not None
    assert (found.request.same, found.response.same, found.request.sent_to) == (True, True, "https://api.example")
    assert (found.request.target, found.request.headers, found.why) == (None, (), ())


def test_a_jail_whose_request_went_elsewhere() -> None:
    found = compare(exchange(destination=Origin("https", "vendor.example", 443))).request
    assert found is not None
    assert found.target is not None
    assert (found.target.old, found.target.new) == (
        "https://vendor.example/v1/messages?a=1", "https://api.example/v1/messages?a=1"
    )  # fmt: skip
    assert [(each.name, each.how) for each in found.headers] == [("Host", "changed")]


def test_an_answer_that_broke_off_for_the_client_alone() -> None:
    ex = exchange()
    ex.response = HttpResponse(502, [(b"a", b"b")], chunks=[b"{}"])
    found = compare(ex).response
    assert found is not None
    assert found.status is not None
    assert (found.status.old, found.status.new, found.complete, found.same) == ("200", "502", (True, False), False)


def test_one_side_is_not_there() -> None:
    ex = exchange()
    ex.forwarded = ex.provider_response = ex.route = None
    assert (compare(ex).request, compare(ex).response) == (None, None)
    assert "was not forwarded" in compare(ex).why[0]
    assert compare(Exchange(HttpRequest("A", b"", []), protocol="dns")).why == ("this is no HTTP request but DNS",)


def test_header_fields() -> None:
    old = [(b"A", b"1"), (b"X-Api-Key", b"sk-ant-oat-ccproxy-p"), (b"Cookie", b"c"), (b"a", b"2"), (b"Own", b"k")]
    new = [(b"a", b"1"), (b"x-api-key", b"s3cret"), (b"b", b"x"), (b"own", b"k")]
    changes = {each.name: (each.how, each.old, each.new) for each in header_changes(old, new, {"x-api-key", "own"})}
    assert changes == {
        "a": ("changed", ("1", "2"), ("1",)),
        "x-api-key": ("changed", ("sk-ant-oat-ccproxy-p",), ("[redacted]",)),
        "Cookie": ("removed", ("[redacted]",), ()),
        "own": ("changed", ("k",), ("[redacted]",)),
        "b": ("added", (), ("x",)),
    }


@settings(max_examples=40, deadline=None)
@given(conversations(), st.sampled_from(list(CLIENT_FORMATS)), st.sampled_from(list(CLIENT_FORMATS)))
def test_each_part_of_two_formats_is_in_one_row(talk: Conversation, format: WireFormat, other: WireFormat) -> None:
    old, new = parts_of(TELLERS[format](talk), format), parts_of(TELLERS[other](talk), other)
    assert old is not None
    assert new is not None
    rows = side_by_side(old, new)
    for parts, is_old in ((old, True), (new, False)):
        there = [row for row in rows if (row.old if is_old else row.new) is not None]
        blocks = sum(len(message.blocks) for message in parts.messages)
        counts = {what: sum(row.what == what for row in there) for what in ("parameter", "tool", "message")}
        assert counts == {"parameter": len(parts.parameters), "tool": len(parts.tools), "message": blocks}
    says = {row.how for row in rows if row.what in ("tool", "system block")}
    assert says <= {"same", "changed"}
    texts = [row for row in rows if row.what == "message" and row.kind in ("text", "tool_use", "image")]
    assert all(row.how == "same" for row in texts), json.dumps([str(row) for row in texts])
