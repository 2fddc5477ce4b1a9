"""A provider of type `perplexity_pro` whose site is on the loopback interface, by the real way there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvloop

from ccproxy.assembly import build_transport
from ccproxy.config import Config
from ccproxy.providers.perplexity.refusals import SiteError
from ccproxy.providers.perplexity.service import Service
from ccproxy.providers.provider import build_providers
from ccproxy.transport.outside import Outside
from ccproxy.transport.posting import Poster
from ccproxy.transport.ways import Ways
from tests.auth.house import Hands
from tests.support.perplexity.server import TOKEN, PerplexitySite


def run(main: Coroutine[Any, Any, None]) -> None:
    """Runs a test on the loop of the daemon."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


@dataclass
class House:
    """The site, and what asks it by a clock that a test sets."""

    site: PerplexitySite
    service: Service
    hands: Hands
    token: Path
    """The file that the session's token is in."""


@asynccontextmanager
async def house(folder: Path, url: str = "", auth: bool = True, **pplx: Any) -> AsyncIterator[House]:
    """A site and its service; `url` is another base URL, `pplx` what is configured."""
    site, token, hands = PerplexitySite(), folder / "token", Hands()
    token.write_text(TOKEN)
    provider: dict[str, Any] = {"type": "perplexity_pro", "base_url": url or site.url}
    if auth:
        provider["auth"] = {"type": "file", "file": str(token)}
    config = Config.model_validate({"providers": {"p": provider}, "pplx": pplx})
    transport = build_transport(config)
    poster = Poster(transport)
    known = build_providers(config, poster.of)["p"]
    service = Service(known, config.pplx, poster.of("p").call, Outside(Ways(config, {})), hands.clock)
    try:
        yield House(site, service, hands, token)
    finally:
        await transport.close()
        site.stop()


async def refused(asked: Coroutine[Any, Any, object]) -> SiteError:
    """The refusal that something ends with, which does not tell the session."""
    with pytest.raises(SiteError) as caught:
        await asked
    assert TOKEN not in caught.value.message
    return caught.value
