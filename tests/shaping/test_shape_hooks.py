"""Shape hooks: what they do, how they are named and checked, and what becomes of a request where one fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from ccproxy.config import load_config
from ccproxy.config.errors import ConfigError
from ccproxy.pipeline.failures import Refusal
from ccproxy.shaping.shape import ShapeError
from ccproxy.shaping.shape_hooks import ShapeHook, shape_hook
from ccproxy.shaping.shape_hooks_named import OURS, ROOM, named, shape_hooks_of
from tests.shaping.envelopes import IDENTITY, MARKED, shaped, template
from tests.support.daemon import Home
from tests.support.ports import free_port

MARK = {"type": "ephemeral"}
CALL: dict[str, Any] = {
    "model": "m",
    "system": [MARKED, {"type": "text", "text": "a"}, {"type": "text", "text": "b", "cache_control": MARK}],
    "messages": [{"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": MARK}]}],
}


def strip(*paths: str, **more: str) -> dict[str, Any]:
    return {"hook": "ccproxy.shaping.caching.strip", "params": {"paths": list(paths), **more}}


def insert(path: str, **more: Any) -> dict[str, Any]:
    return {"hook": "ccproxy.shaping.caching.insert", "params": {"path": path, **more}}


def result(*hooks: Any, own: dict[str, Any] = CALL) -> dict[str, Any]:
    """The body of a request after shape hooks; neither it nor the shape is changed."""
    before, by = deepcopy(own), template(shape_hooks=list(hooks))
    shape = deepcopy(by.shape.body)
    body = dict(shaped(own, by=by).body)
    assert (own, by.shape.body) == (before, shape)
    return body


def marks(body: dict[str, Any]) -> list[bool]:
    """Which blocks of the system prompt, and which of the first message, have a mark."""
    return ["cache_control" in block for block in (*body["system"], *body["messages"][0]["content"])]


def test_strip_takes_marks_of_the_request() -> None:
    assert marks(result(strip("system.*.cache_control"))) == [False, False, False, True]
    assert marks(result(strip("**.cache_control"))) == [False] * 4
    assert marks(result(strip("system.-1.cache_control", "messages.0.content.0.cache_control"))) == [
        True, False, False, False,
    ]  # fmt: skip


def test_strip_takes_whole_elements_and_what_is_not_there_is_no_error() -> None:
    body = result(strip("system.*", "tools.*.nothing", "messages.7", "model.deep.0"))
    assert (body["system"], body["messages"]) == ([], CALL["messages"])


def test_strip_of_the_shape_leaves_the_callers_marks() -> None:
    own = {**CALL, "system": [CALL["system"][2]]}
    body = result(strip("system.*.cache_control", of="shape"), own=own)
    assert body["system"] == [IDENTITY, own["system"][0]]


def test_insert_puts_a_mark_where_it_can_stand() -> None:
    only_last = result(strip("**.cache_control"), insert("system.-1.cache_control"))
    assert marks(only_last) == [False, False, True, False]
    other = result(insert("messages.*.content.0.cache_control", value={"type": "ephemeral", "ttl": "1h"}))
    assert other["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    nowhere = result(insert("tools.-1.cache_control"), insert("model.cache_control"), insert("system.9"))
    assert (nowhere["messages"], nowhere["model"], len(nowhere["system"])) == (CALL["messages"], "m", 3)
    assert result(insert("speed", value="fast"))["speed"] == "fast"


def test_hooks_run_in_the_order_of_the_list() -> None:
    both = [insert("system.0.cache_control"), strip("**.cache_control")]
    assert [any(marks(result(*order))) for order in (both, both[::-1])] == [False, True]


def test_ids_are_filled_in_after_something_around_them_was_changed() -> None:
    own = {"model": "m", "messages": []}
    body = result(strip("metadata.nothing"), insert("metadata.more", value=1), "ccproxy.shaping.regenerate", own=own)
    assert "ccproxy:" not in body["metadata"]["user_id"]
    assert body["metadata"]["more"] == 1


def test_codex_only_for_its_backend() -> None:
    own = {"model": "m", "input": "hi", "temperature": 1}
    by = template("openai_responses")
    public = shaped(own, by=by, target=b"/v1/responses")
    backend = shaped(own, by=by, target=b"/backend-api/codex/responses?a=b")
    assert public.body.items() >= own.items()
    assert (backend.body["store"], backend.body["stream"], backend.left_out) == (False, True, {"codex.temperature": 1})
    assert backend.body["input"][0]["content"] == [{"type": "input_text", "text": "hi"}]
    with pytest.raises(Refusal, match="stores no responses") as refused:
        shaped({**own, "previous_response_id": "resp_1"}, by=by, target=b"/backend-api/codex/responses")
    assert refused.value.status == 400


# -- names and parameters


@pytest.fixture
def module(tmp_path: Path) -> Iterator[str]:
    """A module of a user's own."""
    (tmp_path / "my_shape_steps.py").write_text(
        dedent("""
            from pydantic import BaseModel
            from ccproxy.shaping.regenerate import regenerate
            from ccproxy.shaping.shape_hooks import shape_hook


            class Params(BaseModel):
                zone: str = "a"


            @shape_hook(params=Params)
            def zoned(work, params):
                work.body["zone"] = params.zone
                work.headers.append((b"x-zone", params.zone.encode()))
                work.query.append(b"zone=" + params.zone.encode())


            @shape_hook()
            def fails(work, params):
                work.body.clear()
                raise RuntimeError("made-up trouble")


            other = 5
        """)
    )
    sys.path.insert(0, str(tmp_path))
    yield "my_shape_steps"
    sys.path.remove(str(tmp_path))
    sys.modules.pop("my_shape_steps", None)


def test_a_hook_of_the_users_own(module: str) -> None:
    by = template(shape_hooks=[{"hook": f"{module}:zoned", "params": {"zone": "b"}}])
    outgoing = shaped(CALL, by=by)
    assert (outgoing.body["zone"], outgoing.headers[-1]) == ("b", (b"x-zone", b"b"))
    assert outgoing.target == b"/v1/messages?beta=true&zone=b"


def test_a_module_is_all_shape_hooks_that_it_defines(module: str) -> None:
    assert [hook.name for hook in named(module)] == ["zoned", "fails"]


def test_a_hook_that_fails_is_an_error_of_shaping_and_changes_nothing(module: str) -> None:
    own = deepcopy(CALL)
    said = r"my_shape_steps:fails failed on this request \(my_shape_steps.py, line 21\): .*made-up trouble"
    with pytest.raises(ShapeError, match=said):
        shaped(own, by=template(shape_hooks=[f"{module}:fails"]))
    assert own == CALL


@pytest.mark.parametrize("name", OURS)
def test_our_own_are_found_by_their_modules(name: str) -> None:
    (found,) = named(f"{ROOM}.{name}")
    assert isinstance(found, ShapeHook)
    assert found.name == name.rpartition(".")[2]


WRONG: list[tuple[Any, str]] = [
    (
        "ccproxy.shaping.regenrate",
        "there is no module 'ccproxy.shaping.regenrate'; did you mean ccproxy.shaping.regenerate?",
    ),
    ("ccproxy.shaping.cachin.strip", "did you mean ccproxy.shaping.caching.strip?"),
    ("acme.steps", "there is no module 'acme.steps'; install it beside ccproxy, or set PYTHONPATH"),
    ("shapes", "there is no module 'shapes'; install it beside ccproxy"),
    ("ccproxy.shaping.regenerate:nothing", "its shape hooks: regenerate"),
    ("ccproxy.shaping.regenerate:session_id", "is not a shape hook; put @shape_hook() above the function"),
    ("ccproxy.shaping.shape", "defines no shape hooks"),
    ({"hook": "ccproxy.shaping.regenerate", "params": {"a": 1}}, "hook regenerate takes no params"),
    ({"hook": "ccproxy.shaping.caching.strip", "params": {"path": ["a"]}}, "did you mean paths?"),
    ({"hook": "ccproxy.shaping.caching.strip"}, "paths"),
    ({"hook": "ccproxy.shaping.caching.strip", "params": {"paths": [], "of": "caller"}}, "of"),
    ({"hook": "ccproxy.shaping.regenerate", "on_error": "continue"}, "see providers.NAME.on_shape_error"),
    ({"hook": "my_shape_steps", "params": {"zone": "b"}}, "write my_shape_steps:zoned"),
    ({"hook": "my_shape_steps:zoned", "params": {"zon": "b"}}, "did you mean zone?"),
]


@pytest.mark.parametrize("by_provider", [True, False])
@pytest.mark.parametrize(("entry", "message"), WRONG)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, module: str, entry: Any, message: str, by_provider: bool
) -> None:
    own = {"one": {"type": "anthropic", "base_url": "http://127.0.0.1:9", "shape": "mine"}} if by_provider else {}
    shaping = {"providers": {"mine": {"shape_hooks": ["ccproxy.shaping.regenerate", entry]}}}
    (tmp_path / "ccproxy.yaml").write_text(yaml.safe_dump({"ccproxy": {"providers": own, "shaping": shaping}}))
    config = load_config(None, tmp_path, {})
    with pytest.raises(ConfigError) as raised:
        shape_hooks_of(config)
    assert message in str(raised.value)
    assert "shaping.providers.mine.shape_hooks[1]" in str(raised.value)
    assert "ccproxy.yaml:" in str(raised.value)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    shaping = {"providers": {"a": {"shape_hooks": ["no.a", "no.b"]}, "b": {"shape_hooks": ["no.c"]}}}
    (tmp_path / "ccproxy.yaml").write_text(yaml.safe_dump({"ccproxy": {"shaping": shaping}}))
    with pytest.raises(ConfigError) as raised:
        shape_hooks_of(load_config(None, tmp_path, {}))
    assert [f"'no.{name}'" in str(raised.value) for name in "abc"] == [True] * 3


def test_a_shape_hook_is_a_plain_function() -> None:
    async def waits(work: Any, params: Any) -> None:
        """Waits."""

    with pytest.raises(TypeError, match="waits for nothing"):
        shape_hook()(waits)  # type: ignore[arg-type]


def test_the_daemon_does_not_start_with_a_wrong_shape_hook() -> None:
    home = Home()
    try:
        shaping = {"providers": {"anthropic": {"shape_hooks": ["ccproxy.shaping.regenrate"]}}}
        home.write({"port": free_port(), "shaping": shaping, "flows": {"archive": "off"}})
        ended = home.run("start")
    finally:
        home.remove()
    assert ended.returncode != 0
    assert "shaping.providers.anthropic.shape_hooks[0]" in ended.stderr
    assert "did you mean ccproxy.shaping.regenerate?" in ended.stderr
    assert "Traceback" not in ended.stderr
