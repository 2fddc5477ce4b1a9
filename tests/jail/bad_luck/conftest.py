"""One daemon for each module of tests and each kind of user, and a look at what each test leaves behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.jail.bad_luck.traces import MARK, Traces
from tests.support.jailed import House
from tests.support.outer import Outer, people


class Marked(House):
    """A house whose programs carry the mark of the test that runs."""

    mark = ""

    def environment(self, extra: dict[str, str] | None = None) -> dict[str, str]:  # type: ignore[override]
        """The person's variables, and the mark."""
        mine = {MARK: self.mark, "TMPDIR": str(self.home.root / "tmp")}
        return super().environment(mine | dict(extra or {}))


@pytest.fixture(scope="module", params=people(), ids=lambda person: person.name)
def unguarded(request: pytest.FixtureRequest) -> Iterator[Marked]:
    with Outer(request.param) as outer:
        house = Marked(outer)
        (house.home.root / "tmp").mkdir()
        with house:
            warm = house.jail("true")  # the first jail makes the CA
            assert (warm.returncode, warm.stderr) == (0, b"")
            yield house


@pytest.fixture
def house(unguarded: Marked) -> Iterator[Marked]:
    """The house; when the test is over nothing is left in it that was not there before."""
    traces = Traces(unguarded)
    unguarded.mark = traces.mark
    traces.begin()
    yield unguarded
    traces.gone()
    assert "Traceback" not in unguarded.daemon.output
