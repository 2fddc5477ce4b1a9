"""What `ccproxy shapes save` says of what it keeps, and whose shapes it does not replace unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccproxy.exchange import Exchange
from tests.support.archived import archive_of, call, keep
from tests.support.daemon import Home
from tests.support.made_up_client import recorded


def by(client: str, id: str, minutes: int) -> Exchange:
    made = recorded(id, minutes=minutes)
    made.request.headers[1] = (b"User-Agent", f"{client} (cli)".encode())
    return made


@pytest.fixture
def many(home: Home) -> Home:
    """A home with flows of one client, and one older flow of another."""
    flows = [recorded(f"{number}a0000-flow", f"1.2.{number}", minutes=number) for number in range(1, 8)]
    keep(archive_of(home), [by("other/9.1", "b00000-flow", 0), *flows])
    return home


def versions(home: Home) -> list[str]:
    return [line for line in call(home, "shapes", "list").stdout.splitlines() if line.startswith("anthropic")]


def test_what_is_kept_and_what_is_pushed_out_is_said(many: Home) -> None:
    first = call(many, "shapes", "save", "anthropic", "1a00", "2a00", "--mflow")
    assert first.exit_code == 0
    assert [line.partition(" of ")[0] for line in first.stderr.splitlines()[:2]] == [
        "kept: made-up 1.2.1",
        "kept: made-up 1.2.2",
    ]
    assert "pushed out" not in first.stderr
    more = call(many, "shapes", "save", "anthropic", "3a00", "4a00", "5a00", "6a00", "--mflow")
    assert [line.partition(" of ")[0] for line in more.stderr.splitlines()[:5]] == [
        *(f"kept: made-up 1.2.{number}" for number in (3, 4, 5, 6)),
        "pushed out: made-up 1.2.1",
    ]


def test_the_newest_five_are_taken_and_that_is_said(many: Home) -> None:
    done = call(many, "shapes", "save", "anthropic", "--mflow")
    assert done.exit_code == 0
    assert "the newest 5 were taken, as many as a file holds; 3 flows not looked at" in done.stderr
    kept = [line for line in done.stderr.splitlines() if line.startswith("kept: ")]
    assert kept[0].startswith("kept: made-up 1.2.3 ")


def test_flows_of_several_clients_are_refused_and_listed(many: Home) -> None:
    done = call(many, "shapes", "save", "anthropic", "b000", "6a00", "7a00", "--mflow", "--yes")
    assert done.exit_code == 1
    assert "the flows are of several clients, and a shape of 'anthropic' is of one" in done.stderr
    assert "other: 1 flow, flow:b00000-f" in done.stderr
    assert "made-up: 2 flows, flow:" in done.stderr
    assert "--jq" in done.stderr
    assert not (many.config_dir / "shapes").exists()


@pytest.mark.parametrize("more", [["--mflow"], []], ids=["capture", "patch"])
def test_a_shape_of_another_client_is_asked_about(many: Home, more: list[str]) -> None:
    assert call(many, "shapes", "save", "anthropic", "1a00", "--mflow").exit_code == 0
    file = many.config_dir / "shapes" / "anthropic.mflow"
    before = file.read_bytes()
    asked = call(many, "shapes", "save", "anthropic", "b000", *more)
    assert asked.exit_code == 1
    assert "'anthropic' is a shape of made-up 1.2.1 of 2025-10-09" in asked.stderr
    assert "make it one of other?" in asked.stderr
    assert "--yes" in asked.stderr
    assert [path for path in file.parent.rglob("*") if path.is_file()] == [file]
    assert file.read_bytes() == before
    done = call(many, "shapes", "save", "anthropic", "b000", *more, "--yes")
    assert done.exit_code == 0
    assert "other 9.1" in done.stderr
    assert versions(many)[0].split()[2:4] == ["other", "9.1"]
    same = call(many, "shapes", "save", "anthropic", "b000", *more)
    assert same.exit_code == 0


def test_a_flow_of_the_reverse_listener_is_the_poorer_shape(home: Home) -> None:
    jailed = recorded("2a0000-flow", minutes=1)
    jailed.front = "jail"
    keep(archive_of(home), [recorded("1a0000-flow"), jailed])
    hint = "a client that is told to call ccproxy may send less than it sends its vendor"
    assert hint in call(home, "shapes", "save", "anthropic", "1a00", "--mflow").stderr
    assert hint not in call(home, "shapes", "save", "anthropic", "2a00", "--mflow").stderr


def test_in_a_jail_it_is_said_that_the_daemon_outside_is_not_told(many: Home, tmp_path: Path) -> None:
    from ccproxy.config.paths import CERTIFICATE

    keep(tmp_path / "flows.db", [recorded("1a0000-flow")])
    sockets = Path(many.environment()["XDG_RUNTIME_DIR"]) / "ccproxy"
    sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
    (sockets / CERTIFICATE).write_text("")
    done = call(many, "shapes", "save", "anthropic", "--archive", str(tmp_path / "flows.db"), "--mflow")
    assert done.exit_code == 0, done.output
    assert "this is a jail: the daemon outside is not told" in done.stderr
    assert "no daemon is running" not in done.stderr
