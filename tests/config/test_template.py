from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ccproxy.config import Config, write_template
from ccproxy.config.section import Section
from ccproxy.config.template import template
from tests.config.conftest import Load

SETTING = re.compile(r"( *)#(\S.*\n(?:\1#  .*\n)*)")
"""A setting that is commented out, with the lines that belong to it. Explanations have a blank after the '#'."""


def test_it_loads_and_offers_the_simulator(load: Load) -> None:
    config = load(template())
    assert [(name, provider.type) for name, provider in config.providers.items()] == [("simulator", "simulator")]
    assert config.model_dump(exclude={"providers"}) == load("").model_dump(exclude={"providers"})


def test_what_is_commented_out_are_the_defaults(load: Load) -> None:
    config = load(uncommented())
    examples = {"providers", "lightllm"}
    assert config.model_dump(exclude=examples) == load("").model_dump(exclude=examples)
    assert {provider.type for provider in config.providers.values()} == {
        "anthropic",
        "openai",
        "openai_responses",
        "gemini",
        "perplexity_pro",
        "simulator",
    }
    assert len(config.lightllm.transforms) == 2


def uncommented() -> str:
    return SETTING.sub(lambda setting: setting[0].replace(f"{setting[1]}#", setting[1]), template())


def test_every_key_is_in_it() -> None:
    text = template()
    hidden = {"provider_timeout", "inspector.transforms"}  # the 2.0 names of settings that are in it
    missing = [path for path in keys(Config) if path not in hidden and f"{path.rpartition('.')[2]}:" not in text]
    assert missing == []


def keys(section: type[Section], above: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield above + name
        inner: Any = field.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from keys(inner, f"{above}{name}.")


def test_writing_it(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "b"
    file = write_template(directory)
    assert file == directory / "ccproxy.yaml"
    assert file.read_text() == template()
    assert mode(file) == 0o600
    assert mode(directory) == 0o700


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    file = tmp_path / "ccproxy.yaml"
    file.write_text("mine: [")
    assert write_template(tmp_path) is None
    assert file.read_text() == "mine: ["


def test_with_force_the_former_file_stays_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "ccproxy.yaml"
    file.write_text("mine: [")
    assert write_template(tmp_path, force=True) == file
    assert file.read_text() == template()
    assert (tmp_path / "ccproxy.yaml.bak").read_text() == "mine: ["
    assert mode(tmp_path / "ccproxy.yaml.bak") == mode(file) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ccproxy.yaml", "ccproxy.yaml.bak"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "dotfiles.yaml").write_text("")
    (tmp_path / "ccproxy.yaml").symlink_to("dotfiles.yaml")
    write_template(tmp_path, force=True)
    assert (tmp_path / "ccproxy.yaml").is_symlink()
    assert (tmp_path / "dotfiles.yaml").read_text() == template()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
