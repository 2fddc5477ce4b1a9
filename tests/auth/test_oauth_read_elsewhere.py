"""A file that changed is noticed by all, also where another task was the first to read it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.auth.conftest import Run
from tests.auth.house import house, until
from tests.support.token_server import Fault


def test_a_check_has_read_it(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            home.login()
            source = home.source()
            await source.token()
            other = home.login()
            await source.check()
            assert (await source.token()).token == other["access_token"]

    run(main())


def test_a_refresh_that_is_under_way_has_read_it(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            former = home.login()["access_token"]
            source = home.source()
            assert (await source.token()).token == former
            home.login(-5)
            home.server.fail(Fault("delay", seconds=0.3))
            first = asyncio.create_task(source.token())
            await until(lambda: home.posts)
            assert source.cached() is None
            assert (await source.renew(former)).token == (await first).token != former
            assert home.posts == 1

    run(main())
