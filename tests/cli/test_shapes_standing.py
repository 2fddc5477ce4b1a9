"""How shapes stand where something is in the way: patches that do not fit, and shaping that is switched off."""

from __future__ import annotations

import json

import pytest

from tests.support.archived import archive_of, call, keep
from tests.support.daemon import Home
from tests.support.made_up_client import BODY, recorded

DEVICE = "made-up-device"


@pytest.fixture
def broken(home: Home) -> Home:
    """A home with two captures, and a patch that fits neither."""
    body = {**BODY, "metadata": {"user_id": json.dumps({"device_id": DEVICE})}}
    keep(archive_of(home), [recorded("1a0000-flow"), recorded("2a0000-flow", "1.2.4", minutes=1, body=body)])
    assert call(home, "shapes", "save", "anthropic", "1a00").exit_code == 0
    assert call(home, "shapes", "save", "anthropic", "1a00", "--mflow").exit_code == 1
    assert call(home, "shapes", "save", "anthropic", "2a00", "--mflow").exit_code == 1
    return home


def test_the_way_out_is_named_wherever_broken_patches_are(broken: Home) -> None:
    for command in (["list"], ["show", "anthropic"], ["diff", "anthropic"], ["audit"]):
        done = call(broken, "shapes", *command)
        assert "ccproxy shapes remove anthropic --patches" in done.output, command
        assert "ccproxy shapes show anthropic --base" in done.output, command


def test_the_base_is_shown_and_compared_all_the_same(broken: Home) -> None:
    done = call(broken, "shapes", "show", "anthropic", "--base")
    assert done.exit_code == 0
    assert "made-up/1.2.4" in done.stdout
    assert "broken: " in done.stdout
    text = call(broken, "shapes", "show", "anthropic", "--base", "--text")
    assert json.loads(text.stdout)["headers"]["User-Agent"] == "made-up/1.2.4 (cli)"
    assert json.loads(call(broken, "shapes", "show", "anthropic", "--base", "--json").stdout)["version"] == "1.2.4"
    diff = call(broken, "shapes", "diff", "anthropic", "1")
    assert diff.exit_code == 0
    assert diff.stdout.startswith("--- anthropic/version-1\n+++ anthropic/base\n")
    assert "without the patches, which cannot be used: " in diff.stderr
    assert call(broken, "shapes", "show", "gemini", "--base").exit_code == 0  # the packaged names


def test_a_list_in_a_pipe_has_its_notes_below(broken: Home) -> None:
    lines = call(broken, "shapes", "list").stdout.splitlines()
    assert "NOTE" not in lines[0]
    assert [line.split()[0] for line in lines[1:4]] == ["anthropic", "gemini", "openai_responses"]
    assert all(len(line) < 160 for line in lines[:4])
    at = lines[0].index("PATCHES")
    assert lines[1][at : at + len("PATCHES")].strip() == "1"
    notes = [line.partition(": ")[0] for line in lines[4:]]
    assert notes == ["anthropic", "gemini", "openai_responses"]


def test_ids_of_an_account_are_pointed_out(broken: Home) -> None:
    note = "body.metadata holds ids of your account or of this machine\n"
    shown = call(broken, "shapes", "show", "anthropic", "--base").stdout
    assert DEVICE in shown
    assert shown.endswith(note)
    assert call(broken, "shapes", "remove", "anthropic", "--yes").exit_code == 0
    assert call(broken, "shapes", "save", "anthropic", "1a00", "--mflow").exit_code == 0
    assert note not in call(broken, "shapes", "show", "anthropic").stdout


@pytest.mark.parametrize("enabled", [False, True])
def test_that_nothing_is_shaped_is_said(home: Home, enabled: bool) -> None:
    home.write({"shaping": {"enabled": enabled}})
    listed, status = call(home, "shapes", "list"), call(home, "status")
    assert ("shaping.enabled is false" in listed.stderr) is not enabled
    assert ("switched off: shaping.enabled is false" in status.stdout) is not enabled
    assert {each["enabled"] for each in json.loads(call(home, "shapes", "list", "--json").stdout)} == {enabled}
    assert json.loads(call(home, "status", "--json").stdout)["shaping"] is enabled
