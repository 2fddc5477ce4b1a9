"""`ccproxy flows list` of an archive, with no daemon there."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.archived import NOON, archive_of, call, flow, keep
from tests.support.daemon import Home


@pytest.fixture
def kept(home: Home) -> Home:
    """A home whose archive has nine flows, the ids `0001-flow` to `0009-flow`; the even ones failed."""
    keep(archive_of(home), [flow(n, status=500 if n % 2 == 0 else 200, jail="cell") for n in range(1, 10)])
    return home


def ids(home: Home, *options: str) -> str:
    """The numbers of the flows that are listed as JSON."""
    done = call(home, "flows", "list", "--json", *options)
    assert (done.exit_code, done.stderr) == (0, "")
    return "".join(str(int(each["id"][:4])) for each in json.loads(done.stdout))


def test_A21_without_any_password_it_works_locally(kept: Home) -> None:
    """As a user runs it: a process of its own, and nothing configured."""
    done = kept.run("flows", "list", "-n", "2")
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines)) == (0, 3)
    assert lines[0].split()[:4] == ["ID", "TIME", "JAIL", "CLIENT"]
    assert lines[1].split()[0] == "0008-flo"
    assert "opus → work" in lines[2]
    assert done.stderr == "there are older ones: -n 8 shows more\n"


def test_A22a_both_filters_in_their_order(kept: Home) -> None:
    assert ids(kept, "--jq", "map(select(.status == 200))", "--jq", ".[1:3]") == "35"
    assert ids(kept, "--jq", ".[1:3]", "--jq", "map(select(.status == 200))") == "3"


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        ([], "123456789"),
        (["-n", "2"], "89"),
        (["--status", "error"], "2468"),
        (["--status", "ok", "-n", "2"], "79"),
        (["--since", f"@{NOON + 60 * 8}"], "89"),
        (
            ["--host", "api", "--model", "opus", "--provider", "work", "--jail", "cell", "--protocol", "http"],
            "123456789",
        ),
        (["--host", "other"], ""),
        (["--protocol", "dns"], ""),
        (["--jq", "sort_by(-.usage.input_tokens)", "-n", "3"], "321"),
        (["--status", "error", "--jq", "map(select(.usage.input_tokens > 4))", "-n", "1"], "8"),
    ],
)
def test_what_is_selected(kept: Home, options: list[str], numbers: str) -> None:
    told = [
        datetime.fromtimestamp(float(word[1:]), UTC).isoformat() if word.startswith("@") else word for word in options
    ]
    assert ids(kept, *told) == numbers


def test_the_filters_of_the_configuration_come_first(kept: Home) -> None:
    kept.write({"flows": {"default_jq_filters": ["map(select(.status == 200))", ".[1:]"]}})
    assert ids(kept) == "3579"
    assert ids(kept, "--jq", ".[1:]", "-n", "2") == "79"
    kept.write({"flows": {"default_jq_filters": []}})
    assert ids(kept) == "123456789"
    done = call(kept, "flows", "list", "--json", CCPROXY_FLOWS__DEFAULT_JQ_FILTERS='[".[:1]"]')
    assert [each["id"] for each in json.loads(done.stdout)] == ["0001-flow"]


@pytest.mark.parametrize("broken", ["port: what\n", "flows: [\n"])
def test_a_broken_configuration_hides_no_flow(kept: Home, broken: str) -> None:
    (kept.config_dir / "ccproxy.yaml").write_text(f"ccproxy:\n  flows:\n    default_jq_filters: [.]\n  {broken}")
    done = call(kept, "flows", "list", "--json")
    assert (done.exit_code, len(json.loads(done.stdout))) == (0, 9)
    assert "without default_jq_filters: the configuration is not valid" in done.stderr


def test_the_filters_of_a_configuration_that_sets_none_are_not_looked_for(kept: Home) -> None:
    (kept.config_dir / "ccproxy.yaml").write_text("ccproxy:\n  #default_jq_filters: [.[:1]]\n  unknown: 1\n")
    assert ids(kept) == "123456789"


WRONG = {
    "no filter": ([".["], "the jq filter is not valid"),
    "the second is none": ([".", "map("], "the jq filter 'map(' is not valid"),
    "no array": ([".[0]"], "gives an object, not an array"),
    "several": ([".[]"], "gives several results"),
    "no flows": (["map(.status)"], "only `ccproxy flows list --json` prints what is no flow"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_filter(kept: Home, name: str) -> None:
    filters, said = WRONG[name]
    done = call(kept, "flows", "list", *(word for each in filters for word in ("--jq", each)))
    assert (done.exit_code, done.stdout) == (1, "")
    assert said in done.stderr


def test_json_prints_what_the_filters_make(kept: Home) -> None:
    done = call(kept, "flows", "list", "--json", "--jq", "[group_by(.status)[] | {status: .[0].status, n: length}]")
    assert json.loads(done.stdout) == [{"status": 200, "n": 5}, {"status": 500, "n": 4}]


def test_nothing_to_see(kept: Home) -> None:
    done = call(kept, "flows", "list", "--host", "nowhere")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "no flows, or none that is wanted\n")
    assert call(kept, "flows", "list", "--json", "--host", "nowhere").stdout == "[]\n"


def test_where_nothing_is_found_it_is_said_why(home: Home) -> None:
    keep(archive_of(home), [flow(3)], provider="simulator")
    for command in (["list"], ["dump"], ["compare"]):
        done = call(home, "flows", *command, "--provider", "simulater")
        assert "did you mean 'simulator'?" in done.stderr
    lone = call(home, "flows", "conversations", "0003", "--provider", "nobody")
    assert (lone.exit_code, "leave the options out" in lone.stderr) == (1, True)
    home.write({"flows": {"default_jq_filters": ["map("]}})
    for command in (["list", "--json"], ["list"]):
        done = call(home, "flows", *command)
        assert (done.exit_code, "default_jq_filters in ccproxy.yaml has 'map('" in done.stderr) == (1, True)


def test_neither_archive_nor_daemon(home: Home) -> None:
    done = call(home, "flows", "list")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "no daemon is running, and there is no archive at" in done.stderr
    assert "`ccproxy start`" in done.stderr


def test_another_archive(home: Home, tmp_path: Path) -> None:
    keep(tmp_path / "other.db", [flow(7)])
    done = call(home, "flows", "list", "--archive", str(tmp_path / "other.db"))
    assert done.stdout.splitlines()[1].startswith("0007-flo")
    shown = call(home, "flows", "show", "7", "--archive", str(tmp_path / "other.db"))
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert "no flow whose id begins with '7'" in shown.stderr
    assert "0007-flow" in call(home, "flows", "show", "0007", "--archive", str(tmp_path / "other.db")).stdout


def test_tokens_and_cost(home: Home) -> None:
    keep(archive_of(home), [flow(3)], cost={"usd": "0.00421", "model": "opus", "provider": "anthropic"})
    assert call(home, "flows", "list").stdout.splitlines()[1].split()[-6:-2] == ["3/1", "$0.0042", "200", "ms"]


@pytest.mark.parametrize("damage", [b"not a database at all", b"\0" * 4096], ids=["no database", "zeros"])
def test_a_file_that_is_no_archive(home: Home, damage: bytes) -> None:
    path = archive_of(home)
    path.parent.mkdir(parents=True)
    path.write_bytes(damage)
    for command in (["list"], ["list", "--json"], ["show", "1"], ["clear", "--all", "--yes"]):
        done = call(home, "flows", *command)
        assert (done.exit_code, done.stdout) == (1, "")
        assert str(path) in done.stderr
        assert "Traceback" not in done.stderr


def test_a_flow_that_is_damaged_is_left_out_and_counted(kept: Home) -> None:
    with sqlite3.connect(archive_of(kept)) as database:
        database.execute("UPDATE flows SET summary = replace(summary, '500', '501') WHERE id = '0004-flow'")
    done = call(kept, "flows", "list", "--json")
    assert len(json.loads(done.stdout)) == 8
    assert (done.exit_code, done.stderr) == (1, "left out: 1 flow that cannot be read\n")
