"""Files of shapes: what is kept, in which order, and what is said of files that cannot be used."""

from __future__ import annotations

import gzip
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mitmproxy.http import HTTPFlow
from mitmproxy.io import FlowReader
from mitmproxy.test import tflow

from ccproxy.shaping.files import VERSIONS
from ccproxy.shaping.reduce import reduce
from ccproxy.shaping.shape import Provenance, Shape, ShapeError
from ccproxy.shaping.store import ShapeStore
from tests.shaping.made_up import (
    KEY,
    PROMPT,
    SHAPES,
    error_of,
    foreign_flow,
    profiles,
    shape,
    store_in,
    write_flows,
)

CONTENT: dict[str, Any] = {
    "model": "m",
    "zone": "b",
    "messages": [{"role": "user", "content": PROMPT}],
    "system": [{"type": "text", "text": "x-anthropic-billing-header: cch=1"}, {"type": "text", "text": "who you are"}],
    "max_tokens": 5,
}


@pytest.fixture
def store(tmp_path: Path) -> ShapeStore:
    return store_in(tmp_path)


def numbered(number: int) -> Shape:
    return shape(provenance=Provenance("capture", "madeup-cli", captured=float(number)))


def numbers(store: ShapeStore) -> list[float | None]:
    return [each.provenance.captured for each in store.versions("anthropic")]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# --- saving and picking


def test_what_is_saved_is_picked(store: ShapeStore) -> None:
    path = store.save(shape(), {"ja4": "t13d", "ciphers": ["1301", "1302"], "grease": True})
    assert (path, mode(path), mode(path.parent)) == (store.path("anthropic"), 0o600, 0o700)
    assert store.pick("anthropic") == store.base("anthropic") == shape()
    assert json.dumps(store.pick("anthropic").body) == json.dumps(shape().body)  # in the client's order
    assert store.fingerprint("anthropic") == {"ja4": "t13d", "ciphers": ["1301", "1302"], "grease": True}
    assert "anthropic" in store.names()
    assert store.problems() == {}


@given(SHAPES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_a_shape_is_kept_as_it_is(store: ShapeStore, made: Shape) -> None:
    parts = reduce(made.method, made.url, made.headers, made.body, profiles()["anthropic"])
    made = Shape("anthropic", made.method, *parts, Provenance("flow"))
    store.remove("anthropic")
    store.save(made)
    assert store.pick("anthropic") == made


def test_mitmproxy_reads_the_file(store: ShapeStore) -> None:
    with store.save(shape()).open("rb") as file:
        flow = next(iter(FlowReader(file).stream()))
    assert isinstance(flow, HTTPFlow)
    assert flow.response is None
    assert (flow.request.path, flow.request.host) == ("/v1/messages?beta=true", "api.anthropic.com")
    assert list(flow.request.headers.fields) == shape().headers
    assert flow.metadata["ccproxy.shape"]["client"] == "madeup-cli"


def test_the_last_of_five_counts(store: ShapeStore) -> None:
    """W-SHAPE-9: the reference's file only grows."""
    sizes = [store.save(numbered(number)).stat().st_size for number in range(1, 13)]
    assert numbers(store) == [8.0, 9.0, 10.0, 11.0, 12.0]
    assert store.pick("anthropic") == numbered(12)
    full = sizes[VERSIONS - 1 :]
    assert max(full) - min(full) < 100  # the numbers have more digits


def test_writers_wait_for_each_other(tmp_path: Path) -> None:
    """W-SHAPE-9: none of five that write at once is lost."""
    for attempt in range(3):
        stores = [ShapeStore(tmp_path / str(attempt), profiles()) for _ in range(VERSIONS)]
        with ThreadPoolExecutor(VERSIONS) as threads:
            list(threads.map(lambda at, them=stores: them[at].save(numbered(at)), range(VERSIONS)))
        assert sorted(numbers(stores[0]), key=str) == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_shape_that_could_not_be_sent_is_not_saved(store: ShapeStore) -> None:
    with pytest.raises(ShapeError, match="'a b'"):
        store.save(shape(headers=[(b"a b", b"")]))
    assert store.versions("anthropic") == []


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "a b", ".hidden", "x.mflow", "a\0", "n" * 65])
def test_what_is_no_name_is_refused(store: ShapeStore, name: str) -> None:
    for call in (store.base, store.pick, store.versions, store.remove, lambda each: store.save(shape(each))):
        with pytest.raises(ShapeError, match="cannot be the name of a shape"):
            call(name)
    assert not store.directory.exists()


def test_profiles_of_the_user_have_shapes_too(store: ShapeStore) -> None:
    for name in ("mine", "my.own-2"):
        with pytest.raises(ShapeError, match=r"run: ccproxy shapes capture .* -- CLIENT"):
            store.pick(name)
        store.save(shape(name))
        assert store.pick(name) == shape(name)
    assert store.names() == ["anthropic", "gemini", "mine", "my.own-2", "openai_responses"]


def test_removing_leaves_what_is_not_ours(store: ShapeStore) -> None:
    assert store.remove("anthropic") == []
    path = store.save(shape())
    patch = store.save_patch("anthropic", shape(body={}))
    assert patch is not None
    notes = patch.with_name("notes.txt")
    notes.write_text("mine")
    assert store.remove("anthropic") == [path, patch, patch.with_name("series")]
    assert list(store.directory.rglob("*")) == [notes.parent, notes]
    notes.unlink()
    store.save_patch("anthropic", shape())
    store.remove("anthropic")
    assert list(store.directory.iterdir()) == []


def test_a_file_that_is_linked_stays_where_it_is(store: ShapeStore, tmp_path: Path) -> None:
    store.directory.mkdir()
    store.path("anthropic").symlink_to(tmp_path / "dotfiles.mflow")
    store.save(shape())
    assert store.path("anthropic").is_symlink()
    assert store.pick("anthropic") == shape()
    store.remove("anthropic")
    assert (tmp_path / "dotfiles.mflow").exists()


# --- files of others


def test_a_file_with_content_is_read_without_it(store: ShapeStore) -> None:
    flows = [foreign_flow({**CONTENT, "zone": "older"}), tflow.ttcpflow(), foreign_flow(CONTENT), tflow.tdnsflow()]
    flows[2].metadata["ccproxy.fingerprint.profile"] = {"ja4": "t13d"}
    flows[2].request.timestamp_start = 1600000000.0
    write_flows(store.path("anthropic"), flows)
    found = store.pick("anthropic")
    assert found.body == {"zone": "b", "system": [{"type": "text", "text": "who you are"}]}
    assert found.headers == [
        (b"x-api-key", b"ccproxy:credential"),
        (b"User-Agent", b"other-cli/0.9 (x)"),
        (b"x-app", b"cli"),
        (b"content-length", b"ccproxy:length"),
    ]
    assert found.provenance == Provenance("file", "other-cli", "0.9", 1600000000.0, "t13d")
    assert [each.body["zone"] for each in store.versions("anthropic")] == ["older", "b"]
    assert store.fingerprint("anthropic") == {"ja4": "t13d"}


def test_content_is_gone_from_a_file_that_is_written_again(store: ShapeStore) -> None:
    write_flows(store.path("anthropic"), [foreign_flow(CONTENT)])
    assert PROMPT.encode() in store.path("anthropic").read_bytes()
    store.save(shape())
    written = store.path("anthropic").read_bytes()
    assert PROMPT.encode() not in written
    assert KEY.encode() not in written
    assert [each.provenance.client for each in store.versions("anthropic")] == ["other-cli", "madeup-cli"]


def test_a_body_that_was_compressed_is_read(store: ShapeStore) -> None:
    fields = [(b"User-Agent", b"other-cli/1"), (b"content-encoding", b"gzip")]
    write_flows(store.path("anthropic"), [foreign_flow(None, fields, gzip.compress(b'{"zone": "b"}'))])
    assert store.pick("anthropic").body == {"zone": "b"}
    write_flows(store.path("anthropic"), [foreign_flow(None, fields, b"no gzip")])
    assert "flow 1: its body cannot be read: " in error_of(lambda: store.pick("anthropic"))


def test_members_of_another_type_are_not_known(store: ShapeStore) -> None:
    flow = foreign_flow(CONTENT)
    flow.metadata = {"ccproxy.shape": {"client": 1, "version": ["2"], "captured": "now", "source": "mine", "ja4": "t"}}
    write_flows(store.path("anthropic"), [flow])
    assert store.pick("anthropic").provenance == Provenance("file", ja4="t")
    for strange in ([1], "text", {"captured": -1.0}, {}):
        flow.metadata = {"ccproxy.shape": strange, "ccproxy.fingerprint.profile": strange}
        write_flows(store.path("anthropic"), [flow])
        assert store.pick("anthropic").provenance == Provenance("file")


# --- files that cannot be used

BROKEN: dict[str, tuple[bytes, str]] = {
    "text": (b"hello", "flow 1, at byte 0 of 5"),
    "HAR": (b'{"log": {"entries": []}}', "no flow file of mitmproxy"),
    "HAR with a mark": (b"\xef\xbb\xbf{}", "no flow file of mitmproxy"),
    "length without end": (b"999999999999:", "flow 1, at byte 0"),
    "no flow": (b"4:abcd,", "flow 1, at byte 0 of 7"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_that_is_none_is_named(store: ShapeStore, case: str) -> None:
    data, said = BROKEN[case]
    store.directory.mkdir()
    store.path("anthropic").write_bytes(data)
    for call in (store.base, store.pick, store.versions):
        text = error_of(lambda call=call: call("anthropic"))
        assert str(store.path("anthropic")) in text
        assert said in text
        assert "ccproxy shapes remove anthropic" in text
    assert list(store.problems()) == ["anthropic"]


def test_flows_that_are_no_shape_are_named(store: ShapeStore) -> None:
    bad = {
        "flow 2: its body is no JSON object": foreign_flow([1]),
        "flow 2: its body cannot be read: ": foreign_flow(None, raw=b'{"a": "\xff"'),
    }
    for said, flow in bad.items():
        write_flows(store.path("anthropic"), [foreign_flow(CONTENT), flow])
        assert said in error_of(lambda: store.pick("anthropic"))


def test_an_error_quotes_nothing_of_what_was_said(store: ShapeStore) -> None:
    flow = foreign_flow(None, raw=f'{{"messages": "{PROMPT}", "zone": \xff'.encode("latin-1"))
    write_flows(store.path("anthropic"), [flow])
    said = error_of(lambda: store.pick("anthropic"))
    assert "flow 1" in said
    assert PROMPT not in said


def test_a_file_without_http_has_no_shape(store: ShapeStore) -> None:
    write_flows(store.path("anthropic"), [tflow.ttcpflow()])
    assert "there is no shape for the profile 'anthropic' yet" in error_of(lambda: store.pick("anthropic"))


def test_a_damaged_file_is_mended_by_the_next_shape(store: ShapeStore) -> None:
    for number in (1, 2, 3):
        path = store.save(numbered(number))
    path.write_bytes(path.read_bytes()[:-7])
    assert "flow 3, at byte" in error_of(lambda: store.pick("anthropic"))
    store.save(numbered(4))
    assert numbers(store) == [1.0, 2.0, 4.0]


def test_what_cannot_be_read_or_written_is_said(store: ShapeStore, tmp_path: Path) -> None:
    store.path("anthropic").mkdir(parents=True)
    assert f"{store.path('anthropic')} cannot be read" in error_of(lambda: store.pick("anthropic"))
    assert list(store.problems()) == ["anthropic"]
    (tmp_path / "file").write_text("")
    for call in (lambda at: at.save(shape()), lambda at: at.save_patch("anthropic", shape())):
        said = error_of(lambda call=call: call(ShapeStore(tmp_path / "file" / "shapes", profiles())))
        assert "cannot be made" in said or "cannot be read" in said


WHOLE = "a file of two shapes"


@given(st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_shapes_or_an_error(tmp_path: Path, data: st.DataObject) -> None:
    store = store_in(tmp_path)
    whole = tmp_path / WHOLE
    if not whole.exists():
        store.save(numbered(1))
        whole.write_bytes(store.save(numbered(2)).read_bytes())
    text = whole.read_bytes()
    at = data.draw(st.integers(0, len(text)))
    changed = text[:at] + data.draw(st.binary(max_size=3)) + text[at + data.draw(st.integers(0, 3)) :]
    for content in (data.draw(st.binary(max_size=60)), changed):
        store.path("anthropic").write_bytes(content)
        for call in (store.pick, store.fingerprint):
            said = error_of(lambda call=call: call("anthropic"))
            assert not said or "anthropic" in said
        assert set(store.problems()) <= {"anthropic"}
    store.save(numbered(3))
    assert store.pick("anthropic") == numbered(3)


def test_no_answer_is_changed_by_who_asks(store: ShapeStore) -> None:
    store.save(shape())
    store.pick("anthropic").headers.clear()
    assert store.pick("anthropic") == replace(shape())
