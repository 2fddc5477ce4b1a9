"""The pipeline in force: taken up while it runs, or kept as it is."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest
import uvloop

from ccproxy.config import ConfigError
from ccproxy.pipeline.hook import Step
from ccproxy.pipeline.live import LivePipeline, load_pipeline
from tests.pipeline.users import User, a_hook, modules_kept


def run[T](scene: Coroutine[object, object, T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(scene)


def reload(live: LivePipeline) -> bool:
    return run(live.reload())


def named(live: LivePipeline, name: str) -> Step:
    return next(step for step in live.current.steps if step.name == name)


def result(live: LivePipeline, name: str) -> object:
    """What a hook returns, which tells one version of it from another."""
    return named(live, name).hook.function(None, None)


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture, user: User) -> Callable[[], list[str]]:
    """What was logged since the last time, without the path of the configuration directory."""
    caplog.set_level(logging.INFO, "ccproxy")

    def lines() -> list[str]:
        messages = [record.getMessage().replace(f"{user.base}/", "") for record in caplog.records]
        caplog.clear()
        return messages

    return lines


def returning(name: str, value: object) -> str:
    return a_hook(name).replace("    pass", f"    return {value!r}")


def test_the_first_load_raises_everything_that_is_wrong(user: User) -> None:
    user.has("a.py", "x = y\n")
    user.says("inbound: [nothing]")
    with modules_kept(), pytest.raises(ConfigError) as caught:
        LivePipeline(user.config)
    assert len(caught.value.problems) == 2


def test_its_time_limit_is_the_configured_one(user: User) -> None:
    user.says("timeout_seconds: 7")
    assert LivePipeline(user.config).current.timeout == 7


def test_warnings_are_logged_once(user: User, said: Callable[[], list[str]]) -> None:
    user.has("a.py", a_hook("a", "outbound"))
    user.says("inbound: [a]")
    live = LivePipeline(user.config)
    assert said() == ["ccproxy.yaml:3:15: hooks.inbound[0]: a runs in the outbound stage: list it under hooks.outbound"]
    assert reload(live)
    assert said() == []


def test_what_has_changed_is_taken_up_and_said(user: User, said: Callable[[], list[str]]) -> None:
    for name in ("kept", "edited", "removed"):
        user.has(f"{name}.py", returning(name, 1))
    user.has("_shared.py", "x = 1\n")
    user.has("_unused.py", "x = 1\n")
    user.has("uses.py", "from ._shared import x\n" + returning("uses", 1))
    live = LivePipeline(user.config)
    former = live.current
    user.has("edited.py", returning("edited", 2))
    user.has("added.py", returning("added", 2))
    user.has("_shared.py", "x = 2\n")
    user.has("_unused.py", "x = 2\n")
    (user.hooks_dir / "removed.py").unlink()
    assert reload(live)
    assert said() == ["hooks reloaded: added added; removed removed; changed edited; edited _shared"]
    assert live.current is not former
    assert [result(live, name) for name in ("kept", "edited", "added")] == [1, 2, 2]
    assert "removed" in [step.name for step in former.steps], "requests under way keep theirs"


def test_a_hook_that_moves_to_another_file_has_changed(user: User, said: Callable[[], list[str]]) -> None:
    file = user.has("a.py", a_hook("a"))
    live = LivePipeline(user.config)
    file.rename(user.hooks_dir / "b.py")
    assert reload(live)
    assert said() == ["hooks reloaded: changed a"]
    assert named(live, "a").source == "hooks/b.py"


FAILURES = [
    ("x = y\n", "hooks/b.py:1:5: module 'b' cannot be loaded: NameError: name 'y' is not defined"),
    ("def b(:\n", "hooks/b.py:1:7: module 'b' cannot be loaded: SyntaxError: invalid syntax"),
    (a_hook("a"), "hooks/b.py: the name 'a' is taken by the hook of hooks/a.py (hooks/a.py); give the function"),
    (
        a_hook("b", reads="['metadata.x']", writes="['metadata.y']")
        + a_hook("c", reads="['metadata.y']", writes="['metadata.x']"),
        "ccproxy.yaml:1:1: hooks: these wait for each other: ",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), FAILURES, ids=[expected[:50] for _, expected in FAILURES])
def test_what_fails_leaves_everything_as_it_was_until_it_is_put_right(
    user: User, said: Callable[[], list[str]], code: str, expected: str
) -> None:
    user.has("a.py", "from ._shared import x\n" + returning("a", 1))
    user.has("_shared.py", "x = 1\n")
    user.says("disabled: []")
    live = LivePipeline(user.config)
    former = live.current
    user.has("a.py", returning("a", 2))
    user.has("b.py", code)
    with modules_kept():
        assert not reload(live)
    assert live.current is former
    assert result(live, "a") == 1
    assert live.error is not None
    assert live.error.replace(f"{user.base}/", "").startswith(expected)
    assert said() == [f"hooks are not reloaded, those before stay: {live.error}".replace(f"{user.base}/", "")]
    user.has("b.py", returning("b", 2))
    assert reload(live)
    assert live.error is None
    assert [result(live, "a"), result(live, "b")] == [2, 2]


def test_a_circle_stops_the_start(user: User) -> None:
    user.has("b.py", FAILURES[-1][0])
    with (
        modules_kept(),
        pytest.raises(ConfigError, match=r"ccproxy\.yaml:1:1: hooks: these wait for each other: b -> c"),
    ):
        load_pipeline(user.config)


def test_every_problem_is_a_line_of_the_log(user: User, said: Callable[[], list[str]]) -> None:
    live = LivePipeline(user.config)
    user.has("a.py", "x = y\n")
    user.has("b.py", "\nx = y\n")
    assert not reload(live)
    assert [line.split(" ")[7] for line in said()] == ["hooks/a.py:1:5:", "hooks/b.py:2:5:"]
    assert live.error is not None
    assert len(live.error.splitlines()) == 2


def test_code_that_takes_long_to_load_does_not_hold_up_the_requests(user: User) -> None:
    gate = user.base / "gate"
    os.mkfifo(gate)
    live = LivePipeline(user.config)
    user.has("a.py", f"x = open({str(gate)!r}).read()\n" + a_hook("a"))

    async def scene() -> None:
        loading = asyncio.create_task(live.reload())
        await asyncio.to_thread(gate.write_text, "open")
        assert await loading

    run(scene())
    assert named(live, "a").source == "hooks/a.py"


HANGING = """
import asyncio, sys
from pathlib import Path
from ccproxy.config import load_config
from ccproxy.pipeline.live import LivePipeline

base = Path(sys.argv[1])
live = LivePipeline(load_config(None, base, {}))
(base / "hooks").mkdir(mode=0o755)
(base / "hooks" / "a.py").write_text(f"print('loading', flush=True)\\nopen({str(base / 'gate')!r}).read()\\n")

async def main():
    loading = asyncio.create_task(live.reload())
    await asyncio.to_thread(open, base / 'gate', 'wb')  # opens once the other end is opened
    loading.cancel()
    await asyncio.wait([loading])
    print('ended', loading.cancelled())

asyncio.run(main())
"""


def test_code_that_never_ends_to_load_does_not_keep_the_daemon_from_ending(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    code = HANGING.replace("open({", "f=open({").replace(
        ".read()\\n", "\\nimport threading\\nthreading.Event().wait()\\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["loading", "ended True"]


class Told(logging.Handler):
    """Passes on what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: asyncio.Queue[str] = asyncio.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self.queue.put_nowait(record.getMessage())


def test_edits_take_effect_as_they_are_made(user: User) -> None:
    logger = logging.getLogger("ccproxy.pipeline.live")
    live = LivePipeline(user.config)

    async def scene() -> None:
        told = Told()
        logger.addHandler(told)
        level, watching = logger.level, asyncio.create_task(live.watch())
        logger.setLevel("INFO")
        try:
            user.has("a.py", returning("a", 1))
            assert await told.queue.get() == "hooks reloaded: added a"
            user.has("a.py", returning("a", 2))
            assert await told.queue.get() == "hooks reloaded: changed a"
            assert result(live, "a") == 2
            user.has("a.py", "x =\n")
            assert "hooks/a.py:1:4: module 'a' cannot be loaded: SyntaxError" in await told.queue.get()
            assert result(live, "a") == 2
            (user.hooks_dir / "a.py").unlink()
            assert await told.queue.get() == "hooks reloaded: removed a"
        finally:
            logger.removeHandler(told)
            logger.setLevel(level)
            watching.cancel()
            await asyncio.wait([watching])

    run(scene())


def test_without_a_directory_there_is_nothing_to_watch(user: User) -> None:
    user.says("hooks_dir: null")
    run(LivePipeline(user.config).watch())
