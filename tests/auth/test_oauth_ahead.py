"""What is in use is renewed in time although nobody asks at that moment; what is not in use is left alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.auth.conftest import Run
from tests.auth.house import house, until

SOON = {"refresh_headroom_seconds": 1.0}


def test_it_is_renewed_before_it_is_over_and_no_request_waits(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            tokens = home.login(1.3)
            source = home.source(knobs=SOON)
            assert (await source.token()).token == tokens["access_token"]
            await until(lambda: home.held[0] != tokens["access_token"])
            await source.settled()
            cached = source.cached()
            assert cached is not None
            assert home.issuer.is_valid(cached.token)
            assert home.held[0] == cached.token
            assert home.posts == 1

    run(main())


def test_once_for_each_time_that_it_was_in_use(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            home.issuer.lifetime = 2
            home.login(1.1)
            source = home.source(knobs=SOON)
            await source.token()
            await until(lambda: home.posts == 1)
            await asyncio.sleep(2.2)  # its successor is over, and nobody has used it
            assert home.posts == 1
            await source.token()
            assert home.posts == 2, "as soon as somebody asks"
            await until(lambda: home.posts == 3)
            await source.settled()

    run(main())


def test_one_that_was_only_looked_at_is_left_alone(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            home.login(1.1)
            source = home.source(knobs=SOON)
            assert (await source.check()).present
            await asyncio.sleep(0.6)
            assert home.posts == 0

    run(main())


def test_nothing_begins_once_it_has_settled(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            home.login(1.2)
            source = home.source(knobs=SOON)
            await source.token()
            await source.settled()
            await asyncio.sleep(0.8)
            assert home.posts == 0

    run(main())
