"""A broken ccproxy.yaml: commands that do not need it work, the others say what is wrong and where."""

from __future__ import annotations

import json

import pytest

from tests.support.daemon import Home

BROKEN = "ccproxy:\n  port: many\n  prot: 1\n"
MALFORMED = "ccproxy: [\n"


@pytest.fixture(params=[BROKEN, MALFORMED], ids=["wrong keys", "no YAML"])
def broken(request: pytest.FixtureRequest, home: Home) -> Home:
    (home.config_dir / "ccproxy.yaml").write_text(request.param)
    return home


@pytest.mark.parametrize("arguments", [["start"], ["run", "--", "true"], ["logs"]], ids=" ".join)
def test_commands_that_need_it_say_where_it_is_wrong(broken: Home, arguments: list[str]) -> None:
    done = broken.run(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{broken.config_dir / 'ccproxy.yaml'}:" in done.stderr
    assert "Traceback" not in done.stderr


def test_all_problems_are_told_at_once(home: Home) -> None:
    (home.config_dir / "ccproxy.yaml").write_text(BROKEN)
    said = home.run("start").stderr
    assert ":2:" in said
    assert ":3:" in said
    assert "did you mean" in said


def test_status_shows_the_problems(broken: Home) -> None:
    done = broken.run("status")
    assert (done.returncode, done.stderr) == (0, "")
    assert "problems" in done.stdout
    assert f"{broken.config_dir / 'ccproxy.yaml'}:" in done.stdout
    value = json.loads(broken.run("status", "--json").stdout)
    assert value["problems"]
    assert value["config"] == {"ccproxy.yaml": str(broken.config_dir / "ccproxy.yaml")}


@pytest.mark.parametrize("arguments", [["--help"], ["start", "--help"], ["--version"]], ids=" ".join)
def test_help_works(broken: Home, arguments: list[str]) -> None:
    assert broken.run(*arguments).returncode == 0


def test_init_force_starts_over(broken: Home) -> None:
    file = broken.config_dir / "ccproxy.yaml"
    before = file.read_text()
    assert "stays" in broken.run("init").stdout
    assert file.read_text() == before
    done = broken.run("init", "--force")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(broken.run("status", "--json").stdout)["problems"] == []
