from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from ccproxy.auth import CredentialError
from ccproxy.auth.command import CommandSource
from tests.auth.conftest import Run, Tally


@pytest.mark.parametrize(
    "command", ["echo T", "printf T", "printf '\\n  T \\n\\n'", "echo noise >&2; echo T", "cat; echo T"]
)
def test_the_output_without_white_space(run: Run, command: str) -> None:
    async def main() -> None:
        assert (await CommandSource(command).token()).token == "T"

    run(main())


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("exit 3", "the command exited with status 3"),
        ("echo the vault is locked >&2; echo second line >&2; exit 3", "exited with status 3: the vault is locked"),
        ("printf '\\n\\033[31mred\\033[0m\\tink\\n' >&2; exit 1", "exited with status 1: redink"),
        ("echo hunter2; echo 'cannot use hunter2' >&2; exit 1", "exited with status 1: cannot use [redacted]"),
        ("no-such-program-here", "the command exited with status 127: "),
        ("kill -TERM $$", "the command was ended by SIGTERM"),
        ("true", "the command printed nothing"),
        ("echo '  '", "the command printed nothing"),
        ("printf 'a\\nb'", "the command printed more than one line"),
        ("printf 'a\\tb'", "the command printed characters that cannot stand in a header"),
        ("printf 'a\\000b'", "the command printed characters that cannot stand in a header"),
        ("printf '\\377'", "the command printed something that is not text"),
        ("yes | head -c 70000", "the command printed more than 65536 bytes"),
        ("sleep 20", "the command timed out after 0.4 s"),
        ("yes", "the command printed more than 65536 bytes"),
        ("yes >&2", "the command timed out after 0.4 s"),
    ],
)
def test_failures_say_why(run: Run, command: str, message: str) -> None:
    async def main() -> None:
        with pytest.raises(CredentialError) as caught:
            await CommandSource(command, timeout=0.4 if "timed out" in message else 5).token()
        assert message in str(caught.value)
        assert "hunter2" not in str(caught.value)

    run(main())


def test_a_long_complaint_is_cut(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(CredentialError) as caught:
            await CommandSource("yes x | tr -d '\\n' | head -c 100000 >&2; exit 1").token()
        assert len(str(caught.value)) < 300

    run(main())


def test_a_slow_command_does_not_hold_up_the_loop(run: Run) -> None:
    async def main() -> None:
        source, longest = CommandSource("sleep 0.5; echo T"), 0.0
        task = asyncio.create_task(source.token())
        while not task.done():
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - before)
        assert (await task).token == "T"
        assert longest < 0.2, "the loop stood still"

    run(main())


def test_concurrent_callers_share_one_run(run: Run, tally: Tally) -> None:
    async def main() -> None:
        source = CommandSource(f"{tally.command}; sleep 0.2; echo T")
        credentials = await asyncio.gather(*(source.token() for _ in range(50)))
        assert {credential.token for credential in credentials} == {"T"}
        assert tally.runs == 1

    run(main())


def test_concurrent_callers_share_one_failure(run: Run, tally: Tally) -> None:
    async def main() -> None:
        source = CommandSource(f"{tally.command}; exit 4")
        failures = await asyncio.gather(*(source.token() for _ in range(20)), return_exceptions=True)
        assert {str(failure) for failure in failures} == {"the command exited with status 4"}
        assert tally.runs == 1

    run(main())


def test_a_cancelled_caller_does_not_cancel_the_others(run: Run, tally: Tally) -> None:
    async def main() -> None:
        source = CommandSource(f"{tally.command}; sleep 0.3; echo T")
        first, second = asyncio.create_task(source.token()), asyncio.create_task(source.token())
        await asyncio.sleep(0.1)
        first.cancel()
        assert (await second).token == "T"
        assert first.cancelled()
        assert tally.runs == 1

    run(main())


def test_the_result_is_kept_even_if_nobody_waits_for_it(run: Run, tally: Tally) -> None:
    async def main() -> None:
        source = CommandSource(f"{tally.command}; sleep 0.2; echo T")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(source.token(), 0.05)
        assert source.cached() is None
        async with asyncio.timeout(20):
            while source.cached() is None:  # noqa: ASYNC110 - what is waited for is not ours to signal
                await asyncio.sleep(0.02)
        assert tally.runs == 1

    run(main())


def test_a_failure_that_nobody_waits_for_is_silent(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        source = CommandSource("sleep 0.1; exit 1")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(source.token(), 0.02)
        await asyncio.sleep(0.3)

    run(main())
    assert caplog.records == []


def test_a_result_is_kept_for_its_age(run: Run, tally: Tally) -> None:
    async def main() -> None:
        source = CommandSource(f"{tally.command}; wc -l < '{tally.file}'", max_age=0.3)
        assert source.cached() is None
        assert [(await source.token()).token for _ in range(3)] == ["1", "1", "1"]
        assert source.cached() is not None
        await asyncio.sleep(0.35)
        assert source.cached() is None
        assert (await source.token()).token == "2"

    run(main())


def test_an_age_of_zero_keeps_nothing(run: Run, tally: Tally) -> None:
    async def main() -> None:
        source = CommandSource(f"{tally.command}; wc -l < '{tally.file}'", max_age=0)
        assert [(await source.token()).token for _ in range(2)] == ["1", "2"]

    run(main())


def test_a_failure_is_kept_for_a_second(run: Run, tally: Tally) -> None:
    async def main() -> None:
        source = CommandSource(f"{tally.command}; exit 1")
        for _ in range(3):
            with pytest.raises(CredentialError):
                await source.token()
        assert tally.runs == 1
        await asyncio.sleep(1.05)
        with pytest.raises(CredentialError):
            await source.token()
        assert tally.runs == 2

    run(main())


def test_invalidate(run: Run, tally: Tally) -> None:
    async def main() -> None:
        source = CommandSource(f"{tally.command}; wc -l < '{tally.file}'; sleep 0.2")
        assert (await source.token()).token == "1"
        source.invalidate()
        assert source.cached() is None
        early = asyncio.create_task(source.token())
        await asyncio.sleep(0.1)
        source.invalidate()
        late = asyncio.create_task(source.token())
        assert ((await early).token, (await late).token) == ("2", "3")
        cached = source.cached()
        assert cached is not None
        assert cached.token == "3", "what was obtained before invalidate() is not kept"

    run(main())


def test_a_timeout_kills_the_command_with_all_it_started(run: Run, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    command = f"(sleep 60 & echo $! >> '{pids}'; (sleep 60 & echo $! >> '{pids}'; wait)) & echo $$ >> '{pids}'; wait"

    async def main() -> None:
        with pytest.raises(CredentialError, match="timed out"):
            await CommandSource(command, timeout=0.5).token()

    run(main())
    started = [int(pid) for pid in pids.read_text().split()]
    assert len(started) == 3
    assert_gone(started)


def test_something_left_running_does_not_hold_up_the_answer(run: Run) -> None:
    async def main() -> None:
        started = time.monotonic()
        assert (await CommandSource("sleep 9 & echo T").token()).token == "T"
        assert time.monotonic() - started < 7

    run(main())


def test_a_child_that_left_the_session_holds_up_nobody(run: Run) -> None:
    async def main() -> None:
        started = time.monotonic()
        with pytest.raises(CredentialError, match=r"timed out after 0\.3 s$"):
            await CommandSource("setsid sleep 9 & sleep 9", timeout=0.3).token()
        assert time.monotonic() - started < 7

    run(main())


def test_the_end_of_the_loop_kills_it_too(run: Run, tmp_path: Path) -> None:
    pid = tmp_path / "pid"

    async def main() -> None:
        source = CommandSource(f"echo $$ > '{pid}'; sleep 60; echo T")
        task = asyncio.create_task(source.token())
        await asyncio.sleep(0.5)
        assert not task.done()

    run(main())
    assert_gone([int(pid.read_text())])


def assert_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 5
    while (left := [pid for pid in pids if is_alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert left == []


def is_alive(pid: int) -> bool:
    """False for zombies too, which are somebody else's to bury once their parent was killed."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_the_token_is_not_in_the_repr(run: Run) -> None:
    async def main() -> None:
        assert "hunter2" not in repr(await CommandSource("echo hunter2").token())

    run(main())


@pytest.mark.parametrize(
    ("command", "where"),
    [
        ("printenv KEY", "command printenv"),
        ("VAULT_TOKEN=hush-hush vault read key", "command vault"),
        ('A=1 TOKEN="hush hush" \n vault read', "command vault"),
        ("TOKEN=hush-hush; echo $TOKEN", "command echo"),
        ("TOKEN='hush", "command"),
        ("TOKEN=hush", "command"),
        (" ", "an empty command"),
    ],
)
def test_what_is_told_of_it_holds_no_secret(run: Run, command: str, where: str) -> None:
    async def main() -> None:
        assert (await CommandSource(command).check()).where == where

    run(main())
