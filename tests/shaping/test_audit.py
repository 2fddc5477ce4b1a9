"""Made-up secrets at every place of a file of shapes are found, and nothing in a file that is clean (W-SHAPE-8)."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import zstandard
from mitmproxy.http import HTTPFlow, Response
from mitmproxy.io import FlowReader
from mitmproxy.test import tflow
from mitmproxy.websocket import WebSocketData

from ccproxy.shaping.audit import Finding, audit_directory, audit_file
from ccproxy.shaping.shape import ShapeError
from ccproxy.shaping.store import ShapeStore
from tests.shaping.made_up import foreign_flow, profiles, shape, store_in, write_flows

LETTERS = "Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8Ii9Jj0Kk1Ll2Mm3Nn4"
KEY = f"sk-ant-api03-{LETTERS}"
OPAQUE = "opaque-0123456789-credential"
OPAQUE_LOOK = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
SENTINEL = "sk-ant-oat-ccproxy-main"

type Plant = Callable[[HTTPFlow], object]


NAME = "openai_responses"


@pytest.fixture
def store(tmp_path: Path) -> ShapeStore:
    """A directory with a file of two clean versions."""
    made = store_in(tmp_path)
    made.save(shape(NAME), {"ja4": "t13d1516h2", "cipher_suites": [4865], "sni": "api.openai.com"})
    made.save(shape(NAME))
    return made


@pytest.fixture
def patch(store: ShapeStore) -> Path:
    """A patch on it."""
    made = store.save_patch(NAME, shape(NAME, body={"zone": "c"}))
    assert made
    return made


def audit(store: ShapeStore) -> list[Finding]:
    return audit_directory(store.directory, store.profiles)


def flows_of(path: Path) -> list[Any]:
    with path.open("rb") as file:
        return list(FlowReader(file).stream())


def replant(store: ShapeStore, plant: Plant, at: int = -1) -> None:
    path = store.path(NAME)
    flows = flows_of(path)
    plant(flows[at])
    write_flows(path, flows)


def test_a_clean_directory(store: ShapeStore, patch: Path) -> None:
    assert audit(store) == []
    assert (len(flows_of(store.path(NAME))), patch.exists()) == (2, True)


def header(name: str, value: str) -> Plant:
    return lambda flow: flow.request.headers.insert(1, name, value)


def body(**members: Any) -> Plant:
    def plant(flow: HTTPFlow) -> None:
        flow.request.raw_content = json.dumps(members).encode()

    return plant


def coded(coding: str, data: bytes) -> Plant:
    def plant(flow: HTTPFlow) -> None:
        flow.request.headers["content-encoding"] = coding
        flow.request.raw_content = data

    return plant


def path(value: str) -> Plant:
    def plant(flow: HTTPFlow) -> None:
        flow.request.path = value

    return plant


def metadata(value: Any) -> Plant:
    return lambda flow: flow.metadata.update(value)


def member(name: str, value: Any) -> Plant:
    return lambda flow: setattr(flow, name, value)


def of_connection(name: str, end: str, value: Any) -> Plant:
    return lambda flow: setattr(getattr(flow, name), end, value)


def answer(**members: Any) -> Plant:
    return member("response", Response.make(200, json.dumps(members), {"x-a": "b"}))


def earlier(flow: HTTPFlow) -> None:
    flow.request.headers["x-old"] = KEY
    flow.backup()
    del flow.request.headers["x-old"]


NESTED = {"a": [1, {"b": json.dumps({"token": OPAQUE})}]}
RECORD = {"request": {"headers": [["x-api-key", OPAQUE]], "target": "/v1/messages", "method": "POST", "body": 0}}
BODY = json.dumps({"metadata": {"refresh_token": OPAQUE}}).encode()

PLANTS: dict[str, tuple[Plant, str]] = {
    "a credential's field": (header("X-Api-Key", OPAQUE), "headers.X-Api-Key"),
    "authorization": (header("authorization", f"Bearer {OPAQUE}"), "headers.authorization"),
    "a cookie": (header("cookie", f"a={OPAQUE}"), "headers.cookie"),
    "a field of somebody's own": (header("x-my-token", OPAQUE), "headers.x-my-token"),
    "a key in any field": (header("x-anything", f"a {KEY}"), "headers.x-anything"),
    "a key that is a field's name": (header(KEY, "1"), "headers"),
    "a signature": (header("x-amz-signature", OPAQUE), "headers.x-amz-signature"),
    "a field of ccproxy's": (header("x-ccproxy-target-url", "http://127.0.0.1:1"), "headers.x-ccproxy-target-url"),
    "an account": (header("x-openai-subagent", "1"), "headers.x-openai-subagent"),
    "what is named for a key": (header("Ocp-Apim-Subscription-Key", "a1"), "headers.Ocp-Apim-Subscription-Key"),
    "a field that looks like a key": (header("x-foo", OPAQUE_LOOK), "headers.x-foo"),
    "a scheme": (header("x-foo", f"Bearer {OPAQUE}"), "headers.x-foo"),
    "another scheme": (header("user-agent", "basic dXNlcjpwYXNz"), "headers.user-agent"),
    "an e-mail address": (header("x-acct", "person@example.com"), "headers.x-acct"),
    "an account that goes with a credential": (header("ChatGPT-Account-Id", "a1"), "headers.ChatGPT-Account-Id"),
    "a parameter that looks like a key": (path(f"/v1/messages?c={OPAQUE_LOOK}"), "query.c"),
    "a member that looks like a key": (body(zone={"a": ["b", OPAQUE_LOOK]}), "body.zone.a.1"),
    "JSON in a text with such a member": (body(zone=json.dumps({"a": OPAQUE_LOOK})), "body.zone.a"),
    "a parameter": (path(f"/v1/messages?beta=true&key={OPAQUE}"), "query.key"),
    "a parameter with an escape": (path(f"/v1/messages?access%5Ftoken={OPAQUE}"), "query.access_token"),
    "a key in any parameter": (path(f"/v1/messages?x={KEY}"), "query.x"),
    "a key in the path": (path(f"/v1/models/{KEY}:generateContent"), "url"),
    "userinfo in the target": (path(f"https://user:{OPAQUE}@h.example/v1/messages"), "url.userinfo"),
    "userinfo": (lambda flow: setattr(flow.request, "authority", f"{OPAQUE}@h.example"), "url.userinfo"),
    "a member": (body(metadata={"token": OPAQUE}), "body.metadata.token"),
    "a key in a text": (body(system=[{"text": f"say {KEY}"}]), "body.system.0.text"),
    "JSON in a text": (body(metadata=NESTED), "body.metadata.a.1.b.token"),
    "a key that is a member's name": (body(zone={KEY: 1}), "body.zone"),
    "a vendor's signature": (body(system=[{"text": "x-anthropic-billing-header: a=b;"}]), "body.system.0.text"),
    "an object of credentials": (body(auth={"mine": OPAQUE}), "body.auth"),
    "a body in gzip": (coded("gzip", gzip.compress(BODY)), "body.metadata.refresh_token"),
    "a body in zstd": (coded("zstd", zstandard.compress(BODY)), "body.metadata.refresh_token"),
    "a body whose coding is not told": (coded("", gzip.compress(BODY)), "body.metadata.refresh_token"),
    "a body that is no JSON": (coded("", f"data: {KEY}\n\n".encode()), "body"),
    "a form": (coded("", f"grant_type=refresh&refresh_token={OPAQUE}".encode()), "body"),
    "metadata": (metadata({"mine": {"deep": [KEY]}}), "metadata.mine.deep.0"),
    "metadata's names": (metadata({"mine": {"api_key": OPAQUE}}), "metadata.mine.api_key"),
    "a link in metadata": (metadata({"mine": f"https://a.example/?sig={OPAQUE}"}), "metadata.mine"),
    "the record of an exchange": (
        metadata({"ccproxy.record": json.dumps(RECORD).encode()}),
        "metadata.ccproxy.record.request.headers.x-api-key",
    ),
    "a body of a record": (metadata({"ccproxy.bodies": [BODY]}), "metadata.ccproxy.bodies.0.metadata.refresh_token"),
    "a coded body of a record": (
        metadata({"ccproxy.bodies": [zstandard.compress(BODY)]}),
        "metadata.ccproxy.bodies.0.metadata.refresh_token",
    ),
    "the request of a client": (
        metadata({"ccproxy.client_request": {"headers": [[b"cookie", OPAQUE.encode()]], "target": b"/", "body": b""}}),
        "metadata.ccproxy.client_request.headers.cookie",
    ),
    "the target of a client": (
        metadata({"ccproxy.client_request": {"headers": [], "target": f"/?key={OPAQUE}".encode(), "body": b""}}),
        "metadata.ccproxy.client_request.query.key",
    ),
    "a fingerprint": (
        metadata({"ccproxy.fingerprint.profile": {"user_agent": KEY}}),
        "metadata.ccproxy.fingerprint.profile.user_agent",
    ),
    "a comment": (member("comment", f"it was {KEY}"), "comment"),
    "a mark": (member("marked", KEY), "marked"),
    "an answer": (answer(a=1), "response"),
    "an answer's body": (answer(access_token=OPAQUE), "response.body.access_token"),
    "a WebSocket": (member("websocket", WebSocketData()), "websocket"),
    "an earlier state": (earlier, "backup.request.headers.x-old"),
    "the client's address": (of_connection("client_conn", "peername", ("203.0.113.7", 999)), "client_conn.peername"),
    "this machine's address": (of_connection("client_conn", "sockname", ("10.1.2.3", 999)), "client_conn.sockname"),
    "a server's address": (of_connection("server_conn", "peername", ("2001:db8::1", 1, 0, 0)), "server_conn.peername"),
    "connection data": (of_connection("server_conn", "cipher", KEY), "server_conn.cipher"),
}  # fmt: skip


@pytest.mark.parametrize("at", [-1, 0], ids=["the last flow", "an older flow"])
@pytest.mark.parametrize(("plant", "where"), PLANTS.values(), ids=PLANTS)
def test_a_planted_secret_is_found(store: ShapeStore, plant: Plant, where: str, at: int) -> None:
    """W-SHAPE-8: in fields, query, body, metadata, answers and connections, in older flows of a file too."""
    replant(store, plant, at)
    found = audit(store)
    assert where in [each.where for each in found]
    leaks = [each for each in found if each.where != "file"]
    assert {(each.file, each.flow) for each in leaks} == {(store.path(NAME), 2 if at else 1)}
    assert all(each.fix.startswith(f"run: ccproxy shapes remove {NAME}") for each in leaks)
    assert not [each for each in found if OPAQUE[5:] in repr(each) or KEY[5:] in repr(each)]


HARMLESS: dict[str, Plant] = {
    "placeholders": header("authorization", "ccproxy:credential"),
    "a placeholder for an account": header("chatgpt-account-id", "ccproxy:credential"),
    "names of betas": header("x-foo", "fine-grained-tool-streaming-2025-05-14"),
    "the name of a provider": header("x-api-key", SENTINEL),
    "a field without a value": header("x-goog-api-key", ""),
    "counts of tokens": body(limits={"max_tokens": 5}, usage={"input_tokens": 1}, token=None, cookie=True),
    "IPv6": of_connection("client_conn", "peername", ("::1", 1, 0, 0)),
    "no address": of_connection("server_conn", "peername", None),
    "a server's name": of_connection("server_conn", "sni", "api.anthropic.com"),
    "what the user said in their own file": body(zone={"user_id": json.dumps({"device_id": "d1" * 32})}),
}


@pytest.mark.parametrize("plant", HARMLESS.values(), ids=HARMLESS)
def test_what_is_no_secret_is_no_finding(store: ShapeStore, plant: Plant) -> None:
    replant(store, plant)
    assert audit(store) == []


def test_what_is_said_of_a_finding(store: ShapeStore) -> None:
    replant(store, header("x-anything", KEY))
    (found,) = audit(store)
    assert (found.flow, found.where, found.what) == (2, "headers.x-anything", "a key (sk-a…)")
    again = f"ccproxy shapes capture {NAME} -- codex exec --skip-git-repo-check hi"
    assert found.fix == f"run: ccproxy shapes remove {NAME}, then: {again}"


def test_files_of_other_programs_and_names_without_a_profile(tmp_path: Path) -> None:
    write_flows(tmp_path / "mine.mflow", [foreign_flow({"messages": []}), tflow.ttcpflow()])
    places = {(each.flow, each.where) for each in audit_directory(tmp_path, profiles())}
    assert {(1, "headers.x-api-key"), (1, "response"), (2, "flow")} <= places


def test_a_damaged_file_and_what_is_before_the_damage(store: ShapeStore) -> None:
    replant(store, header("x-anything", KEY), at=0)
    path = store.path(NAME)
    path.write_bytes(path.read_bytes()[:-9])
    assert [(each.flow, each.where) for each in audit(store)] == [(1, "headers.x-anything"), (None, "file")]


@pytest.mark.parametrize("data", [b"", b"\x00" * 99, b"9:", b"{}"])
def test_files_that_are_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "anthropic.mflow").write_bytes(data)
    found = audit_directory(tmp_path, profiles())
    assert {each.file for each in found} == {tmp_path / "anthropic.mflow"}


LINES: dict[str, str] = {
    "a field that looks like a key": f'    "x-foo": "{OPAQUE_LOOK}",',
    "a member that looks like a key": f'    "zone": [\n+      "{OPAQUE_LOOK}"\n+    ],',
    "a scheme in a field": f'   "headers": {{\n+    "x-foo": "Digest a=b, x={OPAQUE}",',
    "an e-mail address": '   "headers": {\n+    "x-acct": "Somebody <person@example.com>",',
    "a member": f'    "access_token": "{OPAQUE}",',
    "a key": f'    "x-anything": "{KEY}",',
    "a credential's field": f'    "X-Api-Key": "{OPAQUE}",',
    "JSON in a text": f'    "user_id": {json.dumps(json.dumps({"token": OPAQUE}))},',
    "a parameter": f'  "url": "https://h.example/v1/messages?key={OPAQUE}"',
    "userinfo": f'  "url": "https://user:{OPAQUE}@h.example/v1/messages"',
    "a value of a list": f'    "cookie": [\n+      "{OPAQUE}"\n+    ],',
    "a value of an object": f'    "auth": {{\n+      "mine": "{OPAQUE}"\n+    }},',
    "a signature": '        "text": "x-anthropic-billing-header: a=b;",',
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_secret_in_a_patch(store: ShapeStore, patch: Path, line: str) -> None:
    """W-SHAPE-8: the lines that a patch adds are part of what is audited."""
    lines = patch.read_text().split("\n")
    at = next(number for number, text in enumerate(lines) if text.startswith("@@")) + 1
    patch.write_text("\n".join([*lines[:at], f"+{line}", *lines[at:]]))
    place = at + 1 + (1 if "\n" in line else 0)
    found = [each for each in audit(store) if each.where.startswith("patch")]
    assert f"patch 0001-local-shape.patch:{place}" in {each.where for each in found}
    assert {each.file for each in found} == {patch}
    assert not [each for each in found if OPAQUE[5:] in repr(each) or KEY[5:] in repr(each)]


def test_what_a_patch_removes_and_what_it_leaves_are_not_its_own(store: ShapeStore, patch: Path) -> None:
    patch.with_name("0002-other.patch").write_text(
        f'--- a/shape.json\n+++ b/shape.json\n@@ -1 +1 @@\n-    "token": "{OPAQUE}"\n+    "token": ""\n'
    )
    assert audit(store) == []


def test_a_secret_in_the_head_of_a_patch(store: ShapeStore, patch: Path) -> None:
    patch.write_text(f"# mine: {json.dumps({'password': OPAQUE})}\n{patch.read_text()}")
    assert [each.where for each in audit(store)] == ["patch 0001-local-shape.patch:1"]


def test_patches_that_cannot_be_applied(store: ShapeStore, patch: Path) -> None:
    patch.with_name("series").write_text("0001-local-shape.patch\n0002-gone.patch\n")
    (found,) = audit(store)
    assert (found.where, found.flow) == ("series", None)
    assert "0002-gone.patch" in found.what


def test_the_packaged_files_hold_nothing_of_anybody() -> None:
    """W-SHAPE-8: no token, and no id of a captured session or request."""
    packaged = Path(str(files("ccproxy.shaping"))) / "packaged"
    assert len(list(packaged.glob("*.json"))) == 3
    assert audit_directory(packaged, profiles()) == []


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("x-client-request-id", "0a1b2c3d-1111-4222-8333-444455556666", "line"),
        ("x-device", "d1" * 32, "line"),
        ("x-api-key", OPAQUE, "headers.x-api-key"),
        ("x-anything", KEY, "headers.x-anything"),
    ],
)
def test_a_packaged_file_with_something_of_somebody(tmp_path: Path, name: str, value: str, where: str) -> None:
    source = Path(str(files("ccproxy.shaping"))) / "packaged" / "anthropic.json"
    told = json.loads(shutil.copy(source, tmp_path / "anthropic.json").read_text())
    told["headers"][name] = value
    (tmp_path / "anthropic.json").write_text(json.dumps(told, indent=2))
    assert [each.where for each in audit_file(tmp_path / "anthropic.json", None) if each.where.startswith(where)]


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ShapeError, match="there is no directory"):
        audit_directory(tmp_path / "gone", profiles())
    (tmp_path / "file").write_text("")
    with pytest.raises(ShapeError, match="there is no directory"):
        audit_directory(tmp_path / "file", profiles())
