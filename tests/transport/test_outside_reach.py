"""Nothing but the public internet is ever reached by somebody else's URL (R2, W-SEC-14)."""

from __future__ import annotations

import pytest

from tests.support.ports import free_port
from tests.transport.conftest import Run
from tests.transport.outer_world import LIMIT, PRIVATE, PUBLIC, SECONDS, At, World, refused, to
from tests.transport.peer import Peer, always, ok

PICTURE = b"\x89PNG\r\n\x1a\n and so on"


def test_every_redirect_is_judged_anew(run: Run) -> None:
    """By address, and by a name that was fine a moment ago."""

    async def main() -> None:
        async with At(always(ok(b"secret")), PRIVATE) as inner:
            port = inner.origin.port
            world = World(changing_example=[[PUBLIC], [PRIVATE]], inner_example=[[PRIVATE]])
            for place in (f"{inner.origin}/", f"//inner.example:{port}/", f"http://[::ffff:{PRIVATE}]:{port}/"):
                async with Peer(always(to(place))) as peer:
                    assert "not only, on the public internet" in await refused(world.outside(), f"{peer.origin}/")
            async with Peer(always(to("/again"))) as peer:
                said = await refused(world.outside(), f"http://changing.example:{peer.origin.port}/")
            assert "changing.example is not, or not only, on the public internet" in said
            assert not inner.links

    run(main)


def test_a_name_that_changes_between_the_look_and_the_connection(run: Run) -> None:
    """DNS rebinding: it is looked up once, and what was judged is what is connected to."""

    async def main() -> None:
        async with Peer(always(ok(b"public"))) as peer, At(always(ok(b"secret")), PRIVATE, peer.origin.port) as inner:
            world = World(rebound_example=[[PUBLIC], [PRIVATE]])
            url = f"http://rebound.example:{peer.origin.port}/"
            assert (await world.outside().get(url, LIMIT, SECONDS)).body == b"public"
            assert (world.asked, len(inner.links)) == (["rebound.example"], 0)
            assert "public internet" in await refused(world.outside(), url)
            assert not inner.links

    run(main)


@pytest.mark.parametrize(
    "answer", [[PUBLIC, PRIVATE], [PRIVATE, PUBLIC], [PUBLIC, "fe80::1%1"], [PUBLIC, "no address"]]
)
def test_one_address_that_is_not_public_is_enough(run: Run, answer: list[str]) -> None:
    async def main() -> None:
        async with Peer(always(ok(b"public"))) as peer, At(always(ok(b"secret")), PRIVATE, peer.origin.port) as inner:
            said = await refused(World(both_example=[answer]).outside(), f"http://both.example:{peer.origin.port}/")
            assert "both.example is not, or not only, on the public internet" in said
            assert peer.links == inner.links == []
            assert PRIVATE not in said, "nobody learns by it what a name means here"

    run(main)


def test_another_address_where_one_does_not_answer(run: Run) -> None:
    async def main() -> None:
        async with Peer(always(ok(b"there"))) as peer:
            outside = World(two_example=[["::1", PUBLIC]]).outside(allowed=lambda address: True)
            assert (await outside.get(f"http://two.example:{peer.origin.port}/", LIMIT, SECONDS)).body == b"there"
            said = await refused(outside, f"http://two.example:{free_port()}/")
            assert "no connection to http://two.example" in said

    run(main)


def test_names_that_do_not_resolve(run: Run) -> None:
    async def main() -> None:
        outside = World(empty_example=[[]]).outside()
        assert "the name nowhere.example does not resolve" in await refused(outside, "https://nowhere.example/")
        assert "empty.example has no address" in await refused(outside, "https://empty.example/")

    run(main)
