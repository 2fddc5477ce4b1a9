"""Flow files as exchanges: our own as they were, mitmproxy's as far as they tell, and as far as they reach."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mitmproxy.io import FlowReader, FlowWriter
from mitmproxy.test import tflow

from ccproxy.exchange import Exchange, Origin, WireFormat
from ccproxy.flows.files import FlowFileError, kind_of, private_file
from ccproxy.flows.mflow import writing as mflow
from ccproxy.flows.mflow.reading import read
from ccproxy.flows.record.record import to_record
from tests.flows.made_up import datagrams, each_kind, exchanges
from tests.support.examples import examples

KINDS = dict(each_kind()) | {"datagrams": datagrams()}


def a_format(path: str) -> WireFormat | None:
    return WireFormat.GEMINI


def test_each_kind_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "a.mflow"
    assert mflow.write(KINDS.values(), file) == len(KINDS)
    assert (kind_of(file), stat.S_IMODE(file.stat().st_mode)) == ("mflow", 0o600)
    back = read(file, a_format)
    for name, found in zip(KINDS, back, strict=True):
        assert to_record(found) == to_record(KINDS[name]), name


@given(st.lists(exchanges(), max_size=2))
@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_exported_comes_back(tmp_path_factory: pytest.TempPathFactory, found: list[Exchange]) -> None:
    file = tmp_path_factory.getbasetemp() / "any.mflow"
    mflow.write(found, file)
    assert list(map(to_record, read(file, a_format))) == list(map(to_record, found))


def test_trailers_are_written() -> None:
    ex = dict(each_kind())["buffered"]
    assert ex.provider_response is not None
    ex.provider_response.trailers = [(b"x-checksum", b"1")]
    flow = mflow.to_http_flow(ex)
    assert flow.response is not None
    assert flow.response.trailers is not None
    assert flow.response.trailers.fields == ((b"x-checksum", b"1"),)


def test_a_file_that_is_cut_off_gives_what_is_before(tmp_path: Path) -> None:
    file = tmp_path / "a.mflow"
    mflow.write([KINDS["buffered"], KINDS["gzip"]], file)
    whole = file.read_bytes()
    mflow.write([KINDS["buffered"]], file)
    first = file.stat().st_size
    for cut in (first + 1, first + 200, len(whole) - 1):
        file.write_bytes(whole[:cut])
        flows = read(file, a_format)
        assert next(flows).id == KINDS["buffered"].id
        with pytest.raises(FlowFileError, match=f"flow 2, at byte {first} of {cut}, is cut off"):
            next(flows)


@given(st.data())
@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_an_error_that_says_where(tmp_path: Path, data: st.DataObject) -> None:
    file = tmp_path / "a.mflow"
    mflow.write([KINDS["buffered"]], file)
    whole = bytearray(file.read_bytes())
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(whole)
    assert said_of(file).startswith(("0 read", "1 read", "flow 1, at byte 0", "flow 2, at byte", "the flow "))


def said_of(file: Path) -> str:
    try:
        return f"{len(list(read(file, a_format)))} read"
    except FlowFileError as error:
        return str(error)


def test_flows_of_mitmproxy_itself(tmp_path: Path) -> None:
    plain, socket, failed = tflow.tflow(resp=True), tflow.twebsocketflow(), tflow.tflow(err=True)
    named, dns, tcp, udp = tflow.tflow(), tflow.tdnsflow(resp=True), tflow.ttcpflow(), tflow.tudpflow(err=True)
    named.request.headers.pop("host", None)
    named.request.authority, named.request.http_version = "b.test:22", "HTTP/2.0"
    flows = [plain, socket, failed, named, dns, tcp, udp]
    with (tmp_path / "a.mflow").open("wb") as file:
        for flow in flows:
            FlowWriter(file).add(flow)
    found = list(read(tmp_path / "a.mflow", a_format))
    assert [ex.id for ex in found] == [flow.id for flow in flows]
    assert [ex.protocol for ex in found] == ["http", "http", "http", "http", "dns", "tcp", "udp"]
    assert (found[0].request.method, found[0].request.target, found[0].request.body) == ("GET", b"/path", b"content")
    assert found[0].destination == Origin("http", "address", 22)
    assert found[0].response is found[0].provider_response is not None
    assert (found[0].response.body, found[0].response.complete, found[0].format) == (b"message", True, "gemini")
    assert found[1].websocket is not None
    assert [said.content for said in found[1].websocket.messages] == [b"hello binary", b"hello text", b"it's me"]
    assert found[2].failure is not None
    assert (found[2].failure.message, found[2].done) == ("error", True)
    assert (found[3].request.headers[0], found[3].request.http_version) == ((b"host", b"b.test:22"), "2")
    assert found[4].raw is not None
    assert (found[4].request.target, found[4].raw.status) == (b"dns.google A", "NOERROR")
    assert found[5].raw is not None
    assert (found[5].raw.sent, [said.from_client for said in found[5].raw.messages]) == (5, [True, False])
    with (tmp_path / "a.mflow").open("rb") as file:
        assert len(list(FlowReader(file).stream())) == len(flows)


def test_what_is_neither_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"SQLite format 3\x00")
    with pytest.raises(FlowFileError, match="neither a HAR file"):
        kind_of(file)


def test_a_file_is_there_whole_or_as_it_was(tmp_path: Path) -> None:
    file, link = tmp_path / "a", tmp_path / "link"
    file.write_bytes(b"old")
    link.symlink_to(file)
    with pytest.raises(ZeroDivisionError), private_file(link) as output:
        output.write(b"%d" % (1 // 0))
    assert (file.read_bytes(), {each.name for each in tmp_path.iterdir()}) == (b"old", {"a", "link"})
    with private_file(link) as output:
        output.write(b"new")
    assert (file.read_bytes(), link.is_symlink(), stat.S_IMODE(file.stat().st_mode)) == (b"new", True, 0o600)
    with private_file(Path("/dev/null")) as output:
        output.write(b"x")
    assert Path("/dev/null").is_char_device()
