"""`ccproxy flows dump`, `export` and `import`, as a user runs them, with no daemon there and with one."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from mitmproxy.http import HTTPFlow
from mitmproxy.io import FlowReader, FlowWriter
from mitmproxy.test import tflow

from ccproxy.cli.main import cli
from ccproxy.exchange import Exchange
from ccproxy.flows.archive.reader import ArchiveReader
from ccproxy.flows.har import writing as har
from ccproxy.flows.importing import Count, Importer
from ccproxy.flows.record.record import to_record
from ccproxy.flows.secrets.secrets import redacted
from tests.flows.made_up import answered, datagrams, each_kind
from tests.support.crossing import answering, ask_across
from tests.support.daemon import Daemon, Home
from tests.support.upstream import Upstream

KINDS = dict(each_kind()) | {"datagrams": datagrams()}
SECRET = "sk-ant-api03-" + "q" * 40


def archive(home: Home) -> Path:
    return home.root / "state" / "ccproxy" / "flows.db"


@pytest.fixture
def kept(home: Home) -> Home:
    """A home with an archive that has one flow of each kind."""
    fill(home, KINDS.values())
    return home


def fill(home: Home, exchanges: Any) -> None:
    said: list[str] = []
    with Importer(archive(home), said.append) as importer:
        importer.take(exchanges, Count())
    assert said == []


def kept_in(home: Home) -> dict[str, Exchange]:
    reader = ArchiveReader(archive(home))
    found = {id: reader.exchange(id) for id in ids(home)}
    reader.close()
    return found


def ids(home: Home) -> list[str]:
    return [flow["id"] for flow in json.loads(run(home, "flows", "list", "--json").stdout)]


def run(home: Home, *arguments: str) -> Result:
    """The command in this process, in that home and its directory."""
    with chdir(home.root / "home"):
        return CliRunner().invoke(cli, arguments, env=home.environment(), prog_name="ccproxy")


@pytest.fixture
def other() -> Iterator[Home]:
    made = Home()
    yield made
    made.remove()


def test_A22_a_dump_has_a_page_and_two_entries_a_flow(kept: Home) -> None:
    done = run(kept, "flows", "dump")
    log = json.loads(done.stdout)["log"]
    http = [id for id in ids(kept) if id != KINDS["datagrams"].id]
    assert (done.exit_code, [page["id"] for page in log["pages"]]) == (0, http)
    assert [entry["pageref"] for entry in log["entries"]] == [id for id in http for _ in range(2)]
    assert done.stderr == "left out: 1 flow of DNS, TCP or UDP; an .mflow can hold them, a HAR cannot\n"
    one = run(kept, "flows", "dump", http[3][:13], http[1])
    assert [page["id"] for page in json.loads(one.stdout)["log"]["pages"]] == [http[3], http[1]]


def test_a_dump_to_a_file_is_private(kept: Home) -> None:
    done = run(kept, "flows", "dump", "-n", "2", "--protocol", "http", "-o", "x.har")
    file = kept.root / "home" / "x.har"
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "wrote 2 flows to x.har\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(json.loads(file.read_bytes())["log"]["pages"]) == 2
    gone = run(kept, "flows", "dump", "-o", "no/such/x.har")
    assert (gone.exit_code, gone.stderr) == (
        1,
        "ccproxy: no/such/x.har cannot be written: No such file or directory\n",
    )


def test_nothing_to_dump(kept: Home) -> None:
    for options in (["--model", "none-such"], ["--protocol", "udp", "-o", "x.har"]):
        done = run(kept, "flows", "dump", *options)
        assert (done.exit_code, done.stdout) == (1, "")
        assert "ccproxy: there " in done.stderr
    assert not (kept.root / "home" / "x.har").exists()


def test_what_is_meant_must_be_clear(kept: Home) -> None:
    for command in (["dump"], ["diff", KINDS["gzip"].id], ["compare"], ["export", "x.har"]):
        both = run(kept, "flows", *command, "--model", "x", KINDS["gzip"].id)
        assert (both.exit_code, "not both" in both.stderr) == (2, True)
    for name, said in (("-", "flows dump"), ("3f2a91", "FILE comes first")):
        done = run(kept, "flows", "export", name)
        assert (done.exit_code, said in done.stderr) == (2, True)
    assert not (kept.root / "home" / "-").exists()


def test_a_file_that_is_there_is_not_replaced_unless_asked_for(kept: Home) -> None:
    file = kept.root / "home" / "there.har"
    file.write_text("mine")
    for command in (["dump", "-o"], ["export"]):
        refused = run(kept, "flows", *command, "there.har")
        assert (refused.exit_code, "--force replaces it" in refused.stderr) == (1, True)
    assert file.read_text() == "mine"
    assert run(kept, "flows", "dump", "-o", "there.har", "--force", "--protocol", "http").exit_code == 0
    assert json.loads(file.read_bytes())["log"]


def test_one_that_cannot_be_read_is_told_once_and_others_are_not_hurt(kept: Home) -> None:
    broken = KINDS["gzip"].id
    with sqlite3.connect(archive(kept)) as db:
        db.execute("UPDATE records SET facts = zeroblob(9) WHERE seq = (SELECT seq FROM flows WHERE id = ?)", [broken])
    alone = run(kept, "flows", "dump", broken)
    assert (alone.exit_code, alone.stdout, len(alone.stderr.splitlines())) == (1, "", 1)
    assert broken in alone.stderr
    for command in (["dump"], ["diff", "--client"], ["compare"]):
        done = run(kept, "flows", *command)
        assert (done.exit_code, done.stdout != "", done.stderr.count(broken)) == (1, True, 1)


def test_whoever_reads_may_stop(kept: Home) -> None:
    command = [sys.executable, "-m", "ccproxy", "flows", "dump"]
    with subprocess.Popen(
        command, env=kept.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=kept.root
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(8) == b'{"log":{'
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.parametrize("name", ["all.mflow", "all.har"])
def test_what_is_exported_comes_back_elsewhere(kept: Home, other: Home, name: str) -> None:
    done = run(kept, "flows", "export", name)
    file = kept.root / "home" / name
    assert (done.exit_code, stat.S_IMODE(file.stat().st_mode)) == (0, 0o600)
    again = run(kept, "flows", "export", name)
    assert (again.exit_code, "--force replaces it" in again.stderr) == (1, True)
    assert run(kept, "flows", "export", name, "--force").exit_code == 0

    expected = {ex.id: to_record(redacted(ex)) for ex in KINDS.values() if ex.protocol == "http" or name == "all.mflow"}
    looked = run(other, "flows", "import", "--dry-run", str(file))
    assert looked.stderr == f"{file}: {len(expected)} flows to import\n"
    assert not archive(other).exists()
    taken = run(other, "flows", "import", str(file))
    assert taken.exit_code == 0, taken.stderr
    assert taken.stderr.splitlines()[0] == f"{file}: {len(expected)} flows imported"
    assert "older than 30 days" in taken.stderr
    assert {id: to_record(ex) for id, ex in kept_in(other).items()} == expected
    twice = run(other, "flows", "import", str(file))
    assert twice.stderr == f"{file}: 0 flows imported, {len(expected)} were there already\n"


def test_the_format_of_a_file_can_be_said(kept: Home) -> None:
    wrong = run(kept, "flows", "export", "x.txt")
    assert (wrong.exit_code, "add --format" in wrong.stderr) == (2, True)
    assert run(kept, "flows", "export", "x.txt", "--format", "mflow", KINDS["gzip"].id).exit_code == 0
    with (kept.root / "home" / "x.txt").open("rb") as file:
        (flow,) = FlowReader(file).stream()
    assert isinstance(flow, HTTPFlow)
    assert flow.id == KINDS["gzip"].id


def test_files_that_are_no_flows_or_not_whole(kept: Home, other: Home) -> None:
    assert run(kept, "flows", "export", "a.mflow", "--protocol", "http").exit_code == 0
    whole = (kept.root / "home" / "a.mflow").read_bytes()
    here = other.root / "home"
    (here / "cut.mflow").write_bytes(whole[:-9])
    (here / "no.har").write_text('{"log": {"entries": [{"startedDateTime": "now"}]}}')
    (here / "text").write_text("hello")
    done = run(other, "flows", "import", "cut.mflow", "no.har", "text", "gone", ".")
    assert done.exit_code == 1
    assert "cut.mflow cannot be read to its end: flow 15, at byte" in done.stderr
    assert "  cut.mflow: 14 flows imported\n" in done.stderr
    assert "no.har cannot be read: log.entries[0]: request.url is missing or no text" in done.stderr
    assert "text cannot be read: it is neither a HAR file" in done.stderr
    assert "gone cannot be read: No such file or directory" in done.stderr
    assert "Is a directory" in done.stderr
    assert done.stderr.endswith("ccproxy: 5 files not read to the end\n")
    assert len(ids(other)) == 14


def test_flows_of_mitmproxy_are_listed_by_their_format(home: Home) -> None:
    flow = tflow.tflow(resp=True)
    flow.request.path, flow.request.host = "/v1/messages", "api.a.test"
    flow.request.text = '{"model": "a-model"}'
    path = home.root / "home" / "x.flow"
    with path.open("wb") as file:
        FlowWriter(file).add(flow)
    assert run(home, "flows", "import", "x.flow").exit_code == 0
    (told,) = json.loads(run(home, "flows", "list", "--json").stdout)
    assert (told["id"], told["model"], told["format"], told["status"]) == (flow.id, "a-model", "anthropic", 200)
    assert "cost" in told


def test_credentials_are_written_only_if_asked_for(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    upstream.script = answering("anthropic", sse=False)
    fields = [(b"user-agent", agent.encode()), (b"x-my-token", SECRET.encode())]
    ask_across(daemon, "anthropic", "anthropic", stream=False, headers=fields)
    id = daemon.flow(agent)["id"]
    home = daemon.home
    for name in (f"{agent}.har", f"{agent}.mflow"):
        assert run(home, "flows", "export", name, id).exit_code == 0
        assert SECRET.encode() not in (home.root / "home" / name).read_bytes()
    assert SECRET not in run(home, "flows", "dump", id).stdout
    dumped = run(home, "flows", "dump", id, "--secrets")
    log = json.loads(dumped.stdout)["log"]
    assert [page["title"] for page in log["pages"]] == [f"ccproxy flow {id}"]
    assert log["entries"][0]["request"]["url"].startswith(upstream.url)
    assert log["entries"][1]["request"]["url"].startswith("http://127.0.0.1")


@pytest.mark.parametrize("kept", ["none", "encrypted"])
def test_credentials_that_are_imported_are_kept_as_the_configuration_says(home: Home, kept: str) -> None:
    ex = answered(b"{}", request=(b"application/json", b"{}"))
    ex.request.headers.append((b"x-api-key", SECRET.encode()))
    file = home.root / "home" / "x.har"
    with file.open("wb") as output:
        har.write([ex], output)
    assert SECRET in file.read_text()
    home.write({"flows": {"secrets": kept}})
    done = run(home, "flows", "import", str(file))
    assert done.exit_code == 0, done.stderr
    assert SECRET.encode() not in archive(home).read_bytes()
    assert SECRET not in run(home, "flows", "dump").stdout
    assert (SECRET in run(home, "flows", "dump", "--secrets").stdout) == (kept == "encrypted")
