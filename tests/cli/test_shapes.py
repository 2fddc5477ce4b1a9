"""`ccproxy shapes` on flows of a made-up client, without a daemon (W-SHAPE-9: there was no way to list or compare)."""

from __future__ import annotations

import json
import shlex
import stat
from pathlib import Path
from typing import Any

import jq
import pytest

from ccproxy.cli.main import cli
from ccproxy.cli.shapes.group import ENTRIES
from ccproxy.cli.shapes.group import shapes as group
from tests.support.archived import archive_of, call, flow, keep
from tests.support.daemon import Home
from tests.support.made_up_client import BODY, KEY, SECRET, SESSION, headers, recorded

CAPTURE = "run: ccproxy shapes capture anthropic -- claude -p hi"


@pytest.fixture
def kept(home: Home) -> Home:
    """A home whose archive has two requests of a client, and one that is no call."""
    keep(archive_of(home), [recorded("3f2a91-flow"), recorded("8c1d22-flow", "1.2.4", minutes=1), flow(3)])
    provider = {"type": "anthropic", "base_url": "http://127.0.0.1:9", "shape": "anthropic"}
    home.write({"providers": {"work": provider}})
    return home


def told(home: Home, *arguments: str) -> Any:
    done = call(home, "shapes", *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def listed(home: Home, name: str = "anthropic") -> Any:
    return next(each for each in told(home, "list") if each["name"] == name)


def directory(home: Home) -> Path:
    return home.config_dir / "shapes"


def test_before_there_is_one_every_command_says_how_to_get_it(kept: Home) -> None:
    found = listed(kept)
    assert (found["state"], found["fix"], found["providers"]) == ("missing", CAPTURE, ["work"])
    assert CAPTURE in call(kept, "shapes", "list").stdout
    for arguments in (["show"], ["show", "--text"], ["show", "--json"], ["diff"]):
        done = call(kept, "shapes", arguments[0], "anthropic", *arguments[1:])
        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr == f"ccproxy: there is no shape for the profile 'anthropic' yet\n  {CAPTURE}\n"


def test_a_patch_of_one_flow(kept: Home) -> None:
    done = call(kept, "shapes", "save", "anthropic", "8c1d")
    patch = directory(kept) / "anthropic" / "0001-local-shape.patch"
    assert (done.exit_code, done.stdout) == (0, f"{patch}\n")
    assert stat.S_IMODE(patch.stat().st_mode) == 0o600
    assert not (directory(kept) / "anthropic.mflow").exists()  # nothing of the packaged base is copied (W-SHAPE-4)
    assert "no daemon is running" in done.stderr
    again = call(kept, "shapes", "save", "anthropic", "8c1d")
    assert (again.exit_code, again.stdout, again.stderr) == (0, "", "unchanged\n")
    found = listed(kept)
    assert (found["state"], found["source"], found["client"], found["version"]) == ("ok", "flow", "made-up", "1.2.4")
    assert found["patches"] == [patch.name]
    assert found["captured"].startswith("2025-10-09T")


def test_what_is_shown_is_the_envelope_and_nothing_else(kept: Home) -> None:
    assert call(kept, "shapes", "save", "anthropic", "8c1d").exit_code == 0
    value = told(kept, "show", "anthropic")
    assert [name for name, _ in value["headers"]] == [name.decode() for name, _ in headers()]
    assert value["body"]["made_up"] == BODY["made_up"]
    assert not {"messages", "model", "max_tokens"} & value["body"].keys()
    shown = call(kept, "shapes", "show", "anthropic").stdout
    assert "x-api-key: <the provider's credential>\n" in shown
    assert "Host: <the provider's host>\n" in shown
    assert "POST https://" in shown
    assert "/v1/messages?beta=true\n" in shown
    text = call(kept, "shapes", "show", "anthropic", "--text").stdout
    assert sorted(json.loads(text)) == ["body", "header_order", "headers", "method", "url"]
    for output in (shown, text, json.dumps(value)):
        assert not [secret for secret in (KEY, SECRET, SESSION) if secret in output]


def test_a_patch_is_made_of_one_flow_alone(kept: Home) -> None:
    done = call(kept, "shapes", "save", "anthropic")
    assert done.exit_code == 1
    assert "3 flows were chosen, and more than one can be a shape of 'anthropic'" in done.output
    assert "ccproxy shapes save anthropic 8c1d22" in done.output
    assert "--limit" in done.output
    assert not directory(kept).exists()
    narrowed = call(kept, "shapes", "save", "anthropic", "--jq", 'map(select(.user_agent | test("1.2.3")))')
    assert narrowed.exit_code == 0, narrowed.output
    assert listed(kept)["version"] == "1.2.3"


def test_flows_that_cannot_be_shapes_are_named_with_the_reason(kept: Home) -> None:
    done = call(kept, "shapes", "save", "anthropic", "0003")
    assert done.exit_code == 1
    assert "1 flow was chosen, and none can be a shape of 'anthropic'" in done.output
    assert "flow:0003-flo cannot: its content-type is not told" in done.output
    other = call(kept, "shapes", "save", "gemini", "--limit", "2")
    assert other.exit_code == 1
    assert other.output.count("does not match its path '/v1/messages'") == 2
    versions = call(kept, "shapes", "save", "anthropic", "--mflow")
    assert versions.exit_code == 0
    assert "flow:0003-flo cannot: " in versions.stderr


def test_captures_are_versions_and_are_compared(kept: Home) -> None:
    done = call(kept, "shapes", "save", "anthropic", "--mflow")
    file = directory(kept) / "anthropic.mflow"
    assert done.stdout == f"{file}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = listed(kept)
    assert (found["versions"], found["version"], found["patches"]) == (2, "1.2.4", [])
    same = call(kept, "shapes", "diff", "anthropic")
    assert (same.exit_code, same.stdout) == (0, "")
    assert "ccproxy shapes diff anthropic 1" in same.stderr
    changed = call(kept, "shapes", "diff", "anthropic", "1").stdout
    assert changed.startswith("--- anthropic/version-1\n+++ anthropic/used\n@@ ")
    assert '-    "User-Agent": "made-up/1.2.3 (cli)",\n+    "User-Agent": "made-up/1.2.4 (cli)",\n' in changed
    assert told(kept, "diff", "anthropic", "1")["diff"] == changed
    missing = call(kept, "shapes", "diff", "anthropic", "3")
    assert missing.exit_code == 1
    assert "there are 2, 1 the oldest" in missing.output


def test_a_patch_that_does_not_fit_a_newer_capture_is_named_and_can_go(kept: Home) -> None:
    assert call(kept, "shapes", "save", "anthropic", "3f2a").exit_code == 0
    done = call(kept, "shapes", "save", "anthropic", "8c1d", "--mflow")
    assert done.exit_code == 1
    assert "but it cannot be used:" in done.stderr
    assert "0001-local-shape.patch:" in done.stderr
    assert "`ccproxy shapes remove anthropic --patches`" in done.stderr
    assert listed(kept)["state"] == "broken"
    assert call(kept, "shapes", "audit").exit_code == 1
    assert call(kept, "shapes", "remove", "anthropic", "--patches", "--yes").exit_code == 0
    assert listed(kept)["state"] == "ok"
    nothing = call(kept, "shapes", "remove", "anthropic", "--patches", "--yes")
    assert nothing.exit_code == 1
    assert "there are no patches of 'anthropic'" in nothing.output


def test_removing_asks(kept: Home) -> None:
    assert call(kept, "shapes", "save", "anthropic", "--mflow").exit_code == 0
    asked = call(kept, "shapes", "remove", "anthropic")
    assert asked.exit_code == 1
    assert "--yes" in asked.output
    assert listed(kept)["state"] == "ok"
    done = call(kept, "shapes", "remove", "anthropic", "--yes")
    assert (done.exit_code, done.stdout) == (0, f"{directory(kept) / 'anthropic.mflow'}\n")
    assert listed(kept)["state"] == "missing"
    assert call(kept, "shapes", "remove", "anthropic", "--yes").exit_code == 1


@pytest.mark.parametrize("name", ["x" * 300, "../x", "", ".", "a b", "a\nb", ".hidden", "ü", "a.mflow", "a\0b"])
@pytest.mark.parametrize("command", [["show"], ["diff"], ["save"], ["remove"], ["remove", "--patches"]])
def test_what_is_no_name_is_told(kept: Home, command: list[str], name: str) -> None:
    done = call(kept, "shapes", *command, "--", name)
    assert (done.exit_code, done.stdout) == (1, "")
    first, hint = done.stderr.splitlines()
    assert first.startswith("ccproxy: ")
    assert "name of a profile" in first or "there is no profile" in first
    assert len(first) < 160
    assert "letters" in hint or "there are" in hint or "did you mean" in hint


def test_a_newer_client_that_is_installed_makes_it_stale(kept: Home, tmp_path: Path) -> None:
    made = recorded("5b1d00-flow", minutes=2)
    made.request.headers[1] = (b"User-Agent", b"claude-cli/1.0.9 (made up)")
    keep(archive_of(kept), [made])
    assert call(kept, "shapes", "save", "anthropic", "5b1d", "--mflow").exit_code == 0
    package = tmp_path / "lib" / "made-up"
    package.mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    (package / "cli.js").write_text("#!/bin/false\n")
    (package / "cli.js").chmod(0o755)
    (package / "package.json").write_text('{"version": "1.0.10"}')
    (tmp_path / "bin" / "claude").symlink_to(package / "cli.js")
    done = call(kept, "shapes", "list", "--json", PATH=str(tmp_path / "bin"))
    (found,) = (each for each in json.loads(done.stdout) if each["name"] == "anthropic")
    assert (found["state"], found["why"], found["fix"]) == ("stale", "1.0.10 is installed", CAPTURE)
    shown = call(kept, "shapes", "show", "anthropic", PATH=str(tmp_path / "bin"))
    assert "stale: 1.0.10 is installed; run: ccproxy shapes capture" in shown.stdout


def test_a_damaged_file_is_named(kept: Home) -> None:
    directory(kept).mkdir()
    (directory(kept) / "anthropic.mflow").write_bytes(b"17:no flow at all,")
    found = listed(kept)
    assert found["state"] == "broken"
    assert "anthropic.mflow" in found["why"]
    done = call(kept, "shapes", "audit")
    assert done.exit_code == 1
    assert "anthropic.mflow" in done.stderr


def test_the_audit_of_a_directory(kept: Home, tmp_path: Path) -> None:
    assert call(kept, "shapes", "save", "anthropic", "--mflow").exit_code == 0
    done = call(kept, "shapes", "audit")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "nothing was found in" in done.stderr
    assert call(kept, "shapes", "audit", "--directory", str(tmp_path)).exit_code == 0
    missing = call(kept, "shapes", "audit", "--directory", str(tmp_path / "no"))
    assert missing.exit_code == 1
    assert str(tmp_path / "no") in missing.output


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["show", "antropic"], 1, "did you mean 'anthropic'?"),
        (["save", "antropic", "--limit", "1"], 1, "there is no profile 'antropic'"),
        (["remove", "../x", "--yes"], 1, "is no name of a profile"),
        (["save", "anthropic", "3f2a", "--limit", "1"], 2, "not both"),
        (["save", "anthropic", "ffff"], 1, "no flow whose id begins with 'ffff'"),
        (["save", "anthropic", "--since", "1m"], 1, "there is no flow to make a shape of"),
        (["show", "anthropic", "--text", "--json"], 2, "cannot be combined"),
        (["diff", "anthropic", "0"], 2, "0"),
        (["lst"], 2, "Did you mean 'list'?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage(kept: Home, arguments: list[str], code: int, said: str) -> None:
    done = call(kept, "shapes", *arguments)
    assert (done.exit_code, done.stdout) == (code, "")
    assert said in done.output


def test_the_console_makes_shapes_too(kept: Home) -> None:
    done = call(kept, "flows", "repl", "-c", "print(shape('anthropic', '8c1d')); shape('anthropic', mflow=True)")
    assert str(directory(kept) / "anthropic" / "0001-local-shape.patch") in done.stdout
    assert (directory(kept) / "anthropic.mflow").exists()


def lines() -> list[str]:
    context = cli.make_context("ccproxy", ["shapes"], resilient_parsing=True)
    each = [group.get_command(context, name) for name in ENTRIES if name != "capture"]
    return [line for command in each for _, line in getattr(command, "examples", ())]


@pytest.mark.parametrize("line", lines())
def test_an_example_can_be_typed_as_it_is(kept: Home, line: str) -> None:
    made = recorded("5b1d00-flow", minutes=30_000_000)  # far in the future: today, too
    made.request.headers[1] = (b"User-Agent", b"claude-cli/1.0.9 (made up)")
    keep(archive_of(kept), [made])
    (kept.root / "home" / "shapes").mkdir()
    if " save " not in line:
        assert call(kept, "shapes", "save", "anthropic", "3f2a", "--mflow").exit_code == 0
        assert call(kept, "shapes", "save", "anthropic", "8c1d").exit_code == 0
    typed, _, program = line.partition(" | jq ")
    words = shlex.split(typed.partition(" > ")[0])
    assert words[0] == "ccproxy"
    done = call(kept, *words[1:], *(["--yes"] if "remove" in words and "--yes" not in words else []))
    assert done.exit_code == 0, done.output
    if program:
        option, asked = shlex.split(program)
        assert option == "-r"
        jq.compile(asked).input_value(json.loads(done.stdout)).all()


@pytest.mark.parametrize("name", [[], *([name] for name in ENTRIES)], ids=" ".join)
def test_every_help_teaches_by_example(home: Home, name: list[str]) -> None:
    done = call(home, "shapes", *name, "--help")
    assert done.exit_code == 0
    examples = done.stdout.partition("\nExamples:\n")[2].splitlines()
    assert len(examples) >= 4 or name in (["capture"],)
    assert all(line.startswith("  # ") for line in examples[::2])
    assert all(line.startswith("  ccproxy shapes ") for line in examples[1::2])
