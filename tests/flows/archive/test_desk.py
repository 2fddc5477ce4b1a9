from __future__ import annotations

from pathlib import Path

import pytest

from ccproxy.flows.archive.store import Archive
from ccproxy.flows.archive.writer.desk import Former
from ccproxy.flows.reader import ArchiveError
from ccproxy.flows.selection import Selection

from .flows import entry, exchange


def test_the_flows_of_the_past_are_those_of_the_file_that_is_there_now(path: Path) -> None:
    former = Former(path)
    with pytest.raises(ArchiveError):
        former.summaries(Selection())
    for number in range(2):
        former.reopen()
        archive, ex = Archive.open(path), exchange(number)
        archive.add([entry(ex)])
        assert [flow["id"] for flow in former.summaries(Selection())] == [ex.id]
        archive.close()
        for file in path.parent.glob(f"{path.name}*"):
            file.rename(file.with_name(f"old-{number}-{file.name}"))
