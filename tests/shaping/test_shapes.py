"""The shapes in force: read once, put in force at once, and what is told of them."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ccproxy.config import Config
from ccproxy.shaping.shape import ShapeError
from ccproxy.shaping.shapes import Shapes
from ccproxy.shaping.store import ShapeStore
from tests.shaping.envelopes import ANTHROPIC, RESPONSES, put_shape

ONE = {"type": "anthropic", "base_url": "http://127.0.0.1:9"}


def shapes_in(base: Path, **shaping: Any) -> Shapes:
    """Of a configuration with two providers that name one profile, one that names another, and one that names none."""
    responses = {**ONE, "type": "openai_responses", "shape": "openai_responses", "on_shape_error": "pass"}
    named = {"a": {**ONE, "shape": "anthropic"}, "b": {**ONE, "shape": "anthropic"}, "c": responses, "plain": ONE}
    config = Config.model_validate({"providers": named, "shaping": shaping}, context={"base_dir": base})
    return Shapes(config)


def test_before_they_are_loaded_and_after(tmp_path: Path) -> None:
    put_shape(tmp_path, ANTHROPIC)
    shapes = shapes_in(tmp_path)
    assert [name in shapes for name in ("a", "b", "c", "plain", None)] == [True, True, True, False, False]
    assert [entry["state"] for entry in shapes.status()] == ["loading", "loading"]
    with pytest.raises(ShapeError, match="not loaded yet"):
        shapes.of("anthropic")
    asyncio.run(shapes.loaded())
    assert shapes.is_loaded
    assert shapes.of("anthropic").client == ("madeup-cli", "1.2.3")
    with pytest.raises(
        ShapeError, match="run: ccproxy shapes capture openai_responses -- codex exec --skip-git-repo-check hi"
    ):
        shapes.of("openai_responses")
    ready, broken = shapes.status()
    expected = {
        "profile": "anthropic",
        "providers": ["a", "b"],
        "state": "ready",
        "source": "capture",
        "client": "madeup-cli",
        "version": "1.2.3",
        "captured": 1700000000.0,
        "newer_seen": None,
    }
    assert ready.items() >= expected.items()
    assert (broken["profile"], broken["providers"], broken["state"]) == ("openai_responses", ["c"], "missing")
    assert "there is no shape for the profile 'openai_responses' yet" in broken["error"]


def test_requests_that_come_at_once_have_them_read_once(tmp_path: Path) -> None:
    put_shape(tmp_path, ANTHROPIC)
    shapes = shapes_in(tmp_path)

    async def many() -> None:
        await asyncio.gather(*(shapes.loaded() for _ in range(9)))
        first = shapes.of("anthropic")
        await shapes.loaded()
        assert shapes.of("anthropic") is first

    asyncio.run(many())


def test_reading_again_takes_up_what_is_new_and_forgets_hints(tmp_path: Path) -> None:
    put_shape(tmp_path, ANTHROPIC)
    shapes = shapes_in(tmp_path)
    assert list(shapes.reload()) == ["openai_responses"]
    for version in ("1.3", "1.10", "1.9"):
        shapes.seen("anthropic", version)
    assert shapes.status()[0]["newer_seen"] == "1.10"
    put_shape(tmp_path, RESPONSES)
    newer = [(n, v.replace(b"/1.2.3", b"/1.10")) for n, v in ANTHROPIC.headers]
    put_shape(tmp_path, replace(ANTHROPIC, headers=newer))
    assert shapes.reload() == {}
    assert [(entry["version"], entry["newer_seen"]) for entry in shapes.status()] == [("1.10", None), ("0.5.0", None)]


@pytest.mark.parametrize("shapes_dir", [None, "elsewhere"])
def test_where_they_are(tmp_path: Path, shapes_dir: str | None) -> None:
    ShapeStore(tmp_path / (shapes_dir or "shapes"), {}).save(ANTHROPIC)
    assert list(shapes_in(tmp_path, shapes_dir=shapes_dir).reload()) == ["openai_responses"]


def test_what_is_broken_is_told_with_its_file_and_does_not_touch_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put_shape(tmp_path, RESPONSES)
    file = put_shape(tmp_path, ANTHROPIC)
    file.write_bytes(file.read_bytes()[:-40])
    shapes = shapes_in(tmp_path)
    with caplog.at_level(logging.ERROR):
        errors = shapes.reload()
        shapes.complain("anthropic", errors["anthropic"])
    assert list(errors) == ["anthropic"]
    assert str(file) in str(errors["anthropic"])
    assert errors["anthropic"].fix
    assert [record.getMessage() for record in caplog.records] == [
        f"requests to a, b cannot be shaped: {errors['anthropic']}"
    ]
    assert shapes.of("openai_responses").client == ("madeup_exec", "0.5.0")


def test_a_broken_patch_is_named(tmp_path: Path) -> None:
    put_shape(tmp_path, ANTHROPIC)
    queue = tmp_path / "shapes" / "anthropic"
    queue.mkdir()
    (queue / "series").write_text("0001-mine.patch\n")
    (queue / "0001-mine.patch").write_text("--- a/shape.json\n+++ b/shape.json\n@@ -1,1 +1,1 @@\n-nothing\n+else\n")
    error = shapes_in(tmp_path).reload()["anthropic"]
    assert "0001-mine.patch" in str(error)


def test_switched_off_there_are_none(tmp_path: Path) -> None:
    """W-CFG-6."""
    shapes = shapes_in(tmp_path, enabled=False)
    assert ("a" in shapes, shapes.status(), shapes.reload(), shapes.is_loaded) == (False, [], {}, True)


COUNTING = """
import asyncio, os, sys
from pathlib import Path
from ccproxy.exchange import Exchange, HttpRequest
from ccproxy.hooks.shape import shape
from ccproxy.pipeline.draft import Draft
from ccproxy.pipeline.subject import Subject
from ccproxy.exchange import WireFormat
from ccproxy.shaping.shapes import Shapes
from tests.shaping.test_shapes import shapes_in

shapes = shapes_in(Path(sys.argv[1]))
assert "mitmproxy" not in sys.modules, "it takes half a second"
shapes.reload()
opened = []
sys.addaudithook(lambda event, values: opened.append(values[0]) if event == "open" else None)

def request():
    body = b'{"model": "m", "messages": [], "system": "hi"}'
    exchange = Exchange(HttpRequest("POST", b"/v1/messages", [(b"host", b"h")], body), format=WireFormat.ANTHROPIC)
    subject = Subject(exchange, Draft(WireFormat.ANTHROPIC, body), [(b"host", b"h")], lambda: None)
    subject.provider, subject.target, subject.resources = "a", b"/v1/messages", {Shapes: shapes}
    assert shape.guard.fits(subject)
    assert shape.native(subject) == ("**", "headers.*")
    assert subject.draft.changed

request()

for _ in range(50):
    request()
assert not opened, opened
open(os.devnull).close()
assert len(opened) == 1, "opens are counted"
"""


def test_no_file_is_opened_for_a_request(tmp_path: Path) -> None:
    """Nor is mitmproxy loaded before a shape is read."""
    put_shape(tmp_path, ANTHROPIC)
    done = subprocess.run([sys.executable, "-c", COUNTING, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_who_has_read_again_has_nothing_older_in_force(tmp_path: Path) -> None:
    """Of several who read at once, whoever read first put it in force last, now and then."""
    put_shape(tmp_path, ANTHROPIC)
    shapes, over = shapes_in(tmp_path), threading.Event()

    def others() -> None:
        while not over.is_set():
            shapes.reload()

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(others) for _ in range(4)]
        try:
            for number in range(40):
                put_shape(tmp_path, replace(ANTHROPIC, body={**ANTHROPIC.body, "mode": number}))
                shapes.reload()
                assert shapes.of("anthropic").shape.body["mode"] == number
        finally:
            over.set()
        for each in running:
            each.result()


STUCK = """
import asyncio, logging, sys, threading
from pathlib import Path
from tests.shaping.test_shapes import shapes_in

begun = threading.Event()

def stuck(record):
    begun.set()
    threading.Event().wait()

logging.getLogger("ccproxy.shaping.shapes").addFilter(stuck)

async def main():
    loading = asyncio.ensure_future(shapes_in(Path(sys.argv[1])).loaded())
    await asyncio.to_thread(begun.wait)
    loading.cancel()

asyncio.run(main())
print("ended")
"""


def test_a_load_that_is_stuck_keeps_no_program_from_ending(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STUCK, str(tmp_path)], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (0, "ended\n"), done
