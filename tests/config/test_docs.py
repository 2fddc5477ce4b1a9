"""docs/configuration.md names every key with its default, and its examples of errors are what the program says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ccproxy.config import Config, ConfigError, load_config
from ccproxy.config.api_paths import DEFAULT_PATHS
from ccproxy.config.credentials import KINDS
from ccproxy.config.providers import Provider
from ccproxy.config.section import Section
from ccproxy.config.shape_profiles import PACKAGED
from ccproxy.config.shaping import ShapeProfile
from ccproxy.config.transforms import Transform

DOCS = Path(__file__).parents[2] / "docs" / "configuration.md"
EXAMPLE = re.compile(r"<!-- example -->\n```yaml\n(.*?)```\n```text\n(.*?)```", re.DOTALL)
ROW = re.compile(r"^\| `([\w.]+)` \| (.*?) \|", re.MULTILINE)


def sections() -> dict[str, str]:
    """The text under each heading that names a block, by the block's name."""
    parts = re.split(r"^##+ (.*)\n", DOCS.read_text(), flags=re.MULTILINE)
    return {heading.strip("`"): text for heading, text in zip(parts[1::2], parts[2::2], strict=True)}


def rows(heading: str) -> dict[str, str]:
    return dict(ROW.findall(sections()[heading]))


@pytest.mark.parametrize("example", EXAMPLE.findall(DOCS.read_text()), ids=["many", "malformed"])
def test_examples_of_errors_are_real(tmp_path: Path, example: tuple[str, str]) -> None:
    text, expected = example
    (tmp_path / "ccproxy.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(None, tmp_path, {})
    assert str(caught.value).replace(f"{tmp_path}/", "") + "\n" == expected


BLOCKS = ["auth", "listener", "transport", "flows", "otel", "gemini_capacity", "pplx", "mcp", "inspector", "jail"]


@pytest.mark.parametrize("block", BLOCKS)
def test_every_key_of_a_block_is_there_with_its_default(block: str) -> None:
    documented = rows(block)
    for key, value in leaves(getattr(Config(), block), below="mitmproxy." if block == "inspector" else ""):
        assert key in documented, f"{block}.{key}"
        assert documented[key] in (shown(value), "four hosts"), f"{block}.{key}"


def leaves(section: Section, above: str = "", below: str = "") -> list[tuple[str, Any]]:
    """Dotted keys with their values; `below` is left out, where a table of its own has those keys."""
    found: list[tuple[str, Any]] = []
    for name in type(section).model_fields:
        value = getattr(section, name)
        inner = isinstance(value, Section)
        found += leaves(value, f"{above}{name}.".removeprefix(below), below) if inner else [(above + name, value)]
    return found


def shown(value: Any) -> str:
    if value is None:
        return "null"
    return f"`{yaml.safe_dump(value, default_flow_style=True).removesuffix('...\n').strip()}`"


def test_every_key_of_the_top_level_is_there_with_its_default() -> None:
    documented, config = rows("Top level"), Config()
    for name in Config.model_fields:
        value = getattr(config, name)
        if isinstance(value, Section) or name == "providers":
            assert name in sections()
        else:
            assert documented[name] == shown(str(value) if isinstance(value, Path) else value)


@pytest.mark.parametrize(("heading", "section"), [("providers", Provider), ("lightllm", Transform)])
def test_every_key_of_an_entry_is_there(heading: str, section: type[Section]) -> None:
    assert set(section.model_fields) <= set(rows(heading))


def test_every_key_of_a_profile_is_there_with_its_default() -> None:
    text = sections()["shaping"].partition("\nThe packaged profiles")[0]
    documented = dict(ROW.findall(text))
    for key, value in leaves(ShapeProfile()):
        if key in ("capture.path_pattern", "content_fields") or key.startswith("billing."):
            assert re.search(rf"^\| .*`{re.escape(key)}`", text, re.MULTILINE)
        else:
            assert documented[key] == " ".join(shown(value).split()), key


def test_the_packaged_profiles_are_there() -> None:
    table = sections()["shaping"].partition("| key | `anthropic`")[2]
    cells = {
        line.split("`")[1]: re.split(r"(?<!\\)\|", line)[2:] for line in table.splitlines() if line.startswith("| `")
    }
    for column, profile in enumerate(PACKAGED.values()):
        assert {key for key, row in cells.items() if row[column].strip()} == {*profile} - {"capture"} | {CAPTURED}
        for key, row in cells.items():
            assert words(row[column].replace("\\|", "|")) == words(written(profile, key)), key


CAPTURED = "capture.path_pattern"


def written(profile: Any, key: str) -> str:
    value = profile["capture"]["path_pattern"] if key == CAPTURED else profile.get(key, "")
    if isinstance(value, str):
        return value
    return "  ".join(str(each) if isinstance(each, str) else plain(each) for each in items(value))


def items(value: Any) -> list[Any]:
    return [f"{key}: {each}" for key, each in value.items()] if isinstance(value, dict) else list(value)


def plain(entry: Any) -> str:
    return f"{entry['hook']} {entry['params']}"


def words(text: str) -> list[str]:
    return re.findall(r"[^\s`',:{}<>\[\]]+", text.replace("<br>", " ").replace(" with ", " "))


def test_every_form_of_auth_is_there() -> None:
    assert {key for kind in KINDS.values() for key in kind.model_fields} <= set(rows("auth` of a provider"))


def test_every_default_path_is_there() -> None:
    documented = rows("providers")
    for kind, path in DEFAULT_PATHS.items():
        assert kind == "simulator" or documented[kind] == f"`{path}`"
