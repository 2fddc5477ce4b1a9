"""docs/shaping.md: its examples load and run, and its tables name what there is."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import get_args

import pytest

from ccproxy.cli.main import cli
from ccproxy.config import load_config
from ccproxy.config.shape_profiles import PACKAGED
from ccproxy.config.shaping import STRATEGY, ShapeProfile
from ccproxy.shaping.shape import SESSION_ID
from ccproxy.shaping.shape_hooks_named import OURS, named
from ccproxy.shaping.shapes import Shapes
from tests.docs.pages import blocks, commands
from tests.support.archived import archive_of, call, keep
from tests.support.daemon import Home
from tests.support.made_up_client import recorded

PAGE = Path(__file__).parents[2] / "docs" / "shaping.md"
TEXT = PAGE.read_text()
EXAMPLES = blocks("yaml", PAGE)
(OWN,) = blocks("python", PAGE)


def column(heading: str) -> set[str]:
    """What is in backquotes in the first cells of the table under a heading."""
    section = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return {
        name for line in section.splitlines() if line[:1] == "|" for name in re.findall("`([^`]+)`", line.split("|")[1])
    }


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_shapes.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_loads_with_its_shape_hooks(tmp_path: Path, text: str) -> None:
    (tmp_path / "ccproxy.yaml").write_text(text)
    config = load_config(None, tmp_path, {})
    shapes = Shapes(config)
    assert {name for name in config.providers if name in shapes} == set(config.providers)


def test_every_key_of_a_profile_is_explained() -> None:
    keys = {"capture.path_pattern" if key == "capture" else key for key in ShapeProfile.model_fields}
    assert keys - {"billing"} == column("Profiles")
    assert all(f"`{name}`" in TEXT for name in PACKAGED)
    assert "`billing.salt` and `billing.seed`" in TEXT


def test_every_strategy_is_explained() -> None:
    found = column("Merge strategies")
    words = set(re.findall(r"[a-z_]{4,}", STRATEGY.pattern))
    assert {name.removesuffix(":N") for name in found} == words
    assert all(STRATEGY.fullmatch(name.replace(":N", ":2")) for name in found)


def test_every_shape_hook_is_explained() -> None:
    assert column("Shape hooks") == {f"ccproxy.shaping.{name}" for name in OURS}
    assert all(named(name) for name in column("Shape hooks"))


@pytest.mark.usefixtures("own")
def test_the_own_hook_does_what_it_says(kept: Home) -> None:
    from ccproxy.exchange import WireFormat
    from ccproxy.shaping.apply import fit
    from ccproxy.shaping.shape_hooks import Incoming

    own = next(each for each in EXAMPLES if "my_shapes:tier" in each)
    (kept.config_dir / "ccproxy.yaml").write_text(
        own + "  providers: {p: {type: anthropic, host: api.test, shape: anthropic}}\n"
    )
    assert call(kept, "shapes", "save", "anthropic", "3f2a", "--mflow").exit_code == 0
    shapes = Shapes(load_config(None, kept.config_dir, {}))
    assert shapes.reload() == {}
    incoming = Incoming({"model": "m", "messages": []}, [], b"/v1/messages", WireFormat.ANTHROPIC, "one")
    sent = fit(shapes.of("anthropic"), incoming)
    assert sent.body["service_tier"] == "standard_only"
    assert sent.headers[-1] == (b"X-Shaped-By", b"my_shapes")
    assert SESSION_ID not in json.dumps(sent.body)


@pytest.fixture
def kept(home: Home) -> Home:
    """A home with what the page's commands are about."""
    keep(archive_of(home), [recorded("8c1d22-flow"), recorded("3f2a91-flow", "1.2.4", minutes=30_000_000)])
    return home


@pytest.mark.parametrize("line", commands(PAGE))
def test_a_command_can_be_typed(kept: Home, line: str) -> None:
    if " shapes save " not in line:
        assert call(kept, "shapes", "save", "anthropic", "3f2a", "--mflow").exit_code == 0
    words = shlex.split(line)
    assert words[0] == "ccproxy"
    done = call(kept, *words[1:], *(["--yes"] if "remove" in words else []))
    assert done.exit_code == 0, done.output


def test_every_command_is_told_of() -> None:
    context = cli.make_context("ccproxy", ["shapes"], resilient_parsing=True)
    group = cli.get_command(context, "shapes")
    assert group is not None
    for name in group.list_commands(context):  # type: ignore[attr-defined]
        assert f"ccproxy shapes {name}" in TEXT, name


def test_what_is_filled_in_is_as_the_page_says() -> None:
    from ccproxy.cli.shapes.standing import State
    from ccproxy.cli.shapes.words import MEANINGS

    assert f"<{MEANINGS['ccproxy:credential']}>" in TEXT
    assert all(f"`{state}`" in TEXT for state in get_args(State.__value__))
