"""What a file of shapes has beyond an envelope is found: content, raw ids (a false all-clear is worse than none)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mitmproxy.http import Headers as FlowHeaders
from mitmproxy.http import HTTPFlow, Request
from mitmproxy.test import tflow

from ccproxy.exchange import Headers
from ccproxy.shaping.audit import Finding, audit_directory, audit_file
from ccproxy.shaping.capture import shape_of
from ccproxy.shaping.shape import Provenance
from tests.shaping.made_up import profiles, store_in, write_flows
from tests.support.made_up_client import recorded

SESSION = "3d0c8f1e-1111-4222-8333-444455556666"
OTHER = "9f8e7d6c-1111-4222-8333-444455556666"
SAID = "what the user said"
ENVELOPE: Headers = [(b"User-Agent", b"madeup-cli/1.2.3"), (b"X-App", b"cli"), (b"Host", b"ccproxy:host")]
FIRST = {"type": "text", "text": "You are made up."}


def of_another(body: dict[str, Any], *fields: tuple[bytes, bytes], target: str = "/v1/messages") -> HTTPFlow:
    flow = tflow.tflow()
    flow.server_conn.peername = flow.server_conn.sockname = None
    headers = FlowHeaders([*ENVELOPE, *fields])
    flow.request = Request.make("POST", f"https://api.anthropic.com{target}", headers=headers)
    flow.request.raw_content = json.dumps(body).encode()
    return flow


def found_in(tmp_path: Path, *flows: HTTPFlow, name: str = "anthropic") -> list[Finding]:
    path = tmp_path / f"{name}.mflow"
    write_flows(path, flows)
    return audit_file(path, profiles().get(name))


def places(found: list[Finding]) -> dict[str, str]:
    return {each.where: each.what for each in found}


def test_content_in_a_file_is_named_member_by_member(tmp_path: Path) -> None:
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": f"{SAID}, me@example.com"}],
        "tools": [{"name": "made_up"}],
        "system": [FIRST, {"type": "text", "text": SAID}],
        "zone": "b",
    }
    found = places(found_in(tmp_path, of_another(body)))
    assert set(found) == {"body.model", "body.messages", "body.tools", "body.system"}
    assert all("content" in what for what in found.values())
    assert SAID not in repr(found)


@pytest.mark.parametrize(
    ("flow", "where", "what"),
    [
        (
            of_another({}, (b"x-claude-code-session-id", SESSION.encode())),
            "headers.x-claude-code-session-id",
            "session",
        ),
        (of_another({}, (b"x-client-request-id", OTHER.encode())), "headers.x-client-request-id", "request"),
        (of_another({}, (b"x-anything", OTHER.encode())), "headers.x-anything", "id"),
        (of_another({}, (b"traceparent", b"00-1-2-01")), "headers.traceparent", "no shape keeps"),
        (of_another({"session_id": SESSION}), "body.session_id", "session"),
        (of_another({"zone": [{"of": {"prompt_id": OTHER}}]}), "body.zone.0.of.prompt_id", "request"),
        (
            of_another({"metadata": {"user_id": json.dumps({"session_id": SESSION})}}),
            "body.metadata.user_id.session_id",
            "session",
        ),
        (of_another({"metadata": {"user_id": f"user_1_session_{SESSION}"}}), "body.metadata.user_id", "session"),
        (of_another({OTHER: 1}), "body", "name"),
        (of_another({}, target=f"/v1/messages?session={OTHER}&beta=true"), "query.session", "a raw id"),
        (of_another({}, target=f"/v1/{OTHER}/messages"), "url", "an id"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_raw_id_is_named_with_its_place(tmp_path: Path, flow: HTTPFlow, where: str, what: str) -> None:
    found = places(found_in(tmp_path, flow))
    assert list(found) == [where]
    assert what in found[where]
    assert not [each for each in (SESSION, OTHER) if each in repr(found)]


def test_the_call_that_is_wrapped_is_looked_into(tmp_path: Path) -> None:
    body = {"request": {"contents": [{"text": SAID}], "session_id": SESSION}, "project": "p"}
    found = places(found_in(tmp_path, of_another(body), name="gemini"))
    assert set(found) == {"body.request.contents", "body.request.session_id", "body.project"}


def test_every_flow_counts_and_a_profile_of_nobody_too(tmp_path: Path) -> None:
    said = of_another({"messages": [SAID]})
    found = found_in(tmp_path, said, of_another({}), said, name="mine")
    assert [(each.flow, each.where) for each in found] == [(1, "body.messages"), (3, "body.messages")]


def test_a_capture_of_ours_is_without_findings(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    made = recorded("3f2a91-flow")
    profile = profiles()["anthropic"]
    store.save(shape_of(made, "anthropic", profile, Provenance("capture")))
    assert "system" in store.versions("anthropic")[0].body
    assert audit_directory(store.directory, profiles()) == []
