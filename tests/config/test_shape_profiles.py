"""Profiles of shapes: what is written of one is put over the packaged one, at every depth."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ccproxy.config import Config
from ccproxy.config.pending import shapes_nothing
from ccproxy.config.shape_profiles import PACKAGED

type Load = Callable[[str], Config]


def test_the_packaged_ones_are_there_whatever_is_written(load: Load) -> None:
    config = load("ccproxy: {shaping: {providers: {mine: {format: gemini}}}}")
    assert set(config.shaping.providers) == {*PACKAGED, "mine"}
    assert Config().shaping.providers.keys() == PACKAGED.keys()


def test_one_strategy_more_leaves_the_others(load: Load) -> None:
    config = load("ccproxy: {shaping: {providers: {anthropic: {merge_strategies: {temperature: drop}}}}}")
    packaged = PACKAGED["anthropic"]["merge_strategies"]
    assert config.shaping.providers["anthropic"].merge_strategies == {**packaged, "temperature": "drop"}


def test_a_profile_of_a_format_has_what_is_content_there(load: Load) -> None:
    config = load("ccproxy: {shaping: {providers: {mine: {format: anthropic, unknown_fields: drop}}}}")
    mine = config.shaping.providers["mine"]
    assert mine.content_fields == PACKAGED["anthropic"]["content_fields"]
    assert mine.unknown_fields == "drop"


def test_a_profile_of_no_known_format_takes_nothing_that_is_content_anywhere(load: Load) -> None:
    mine = load("ccproxy: {shaping: {providers: {mine: {unknown_fields: drop}}}}").shaping.providers["mine"]
    assert {"messages", "system", "instructions", "systemInstruction", "thinking"} <= set(mine.content_fields)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("host: chatgpt.com", ("https", "chatgpt.com", "/backend-api/codex/responses")),
        ("host: ChatGPT.com.", ("https", "ChatGPT.com.", "/backend-api/codex/responses")),
        ("base_url: 'https://chatgpt.com./'", ("https", "chatgpt.com.", "/backend-api/codex/responses")),
        ("base_url: 'http://127.0.0.1:1/backend-api/codex/responses'", ("http", "127.0.0.1", "/responses")),
        ("base_url: 'http://127.0.0.1:1/backend-api/codex'", ("http", "127.0.0.1", "/responses")),
        ("base_url: 'http://127.0.0.1:1', path: /backend-api/codex/responses", ("http", "127.0.0.1", "/responses")),
    ],
)
def test_the_chatgpt_backend_is_known_however_it_is_written(
    load: Load, place: str, expected: tuple[str, str, str]
) -> None:
    provider = load(f"ccproxy: {{providers: {{codex: {{type: openai_responses, {place}}}}}}}").providers["codex"]
    where = provider.base_url or f"https://{provider.host}"
    assert provider.is_codex
    assert where.startswith(f"{expected[0]}://{expected[1]}")
    assert provider.path.endswith(expected[2])
    assert f"{where}{provider.path}".count("/backend-api/codex/responses") == 1


def test_a_file_of_2_0_that_shaped_by_type_is_told(load: Load) -> None:
    listed = "hooks: {outbound: [ccproxy.hooks.shape]}"
    assert shapes_nothing(load(f"ccproxy: {{{listed}}}"))
    named = "providers: {p: {type: anthropic, host: h, shape: anthropic}}"
    assert not shapes_nothing(load(f"ccproxy: {{{listed}, {named}}}"))
