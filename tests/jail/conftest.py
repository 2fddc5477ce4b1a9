"""Everything here needs namespaces of its own, and programs that Python does not bring."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.outer import Person

HERE = Path(__file__).parent
ROOT_LATER = frozenset(
    {
        "acceptance/test_broken.py",
        "acceptance/test_bytes.py",
        "acceptance/test_many.py",
        "acceptance/test_said.py",
        "bad_luck/test_control.py",
        "bad_luck/test_daemon.py",
        "bad_luck/test_full_disk.py",
        "bad_luck/test_options.py",
        "bad_luck/test_start_up.py",
        "bad_luck/test_streams.py",
        "supervisor/test_daemon_ends.py",
        "supervisor/test_jail_ports.py",
        "supervisor/test_status.py",
        "trust/test_in_a_jail.py",
    }
)
"""What these try has nothing to do with who the user is: `make test-all` runs them as root too. The ways out of a jail,
its set-up, protocols, signals and the terminal are tried as both in `make test` already."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what is in this directory. What shares a house, a worker runs by itself: houses are dear."""
    for item in items:
        if HERE in item.path.parents:
            file, person = item.path.relative_to(HERE).as_posix(), person_of(item)
            item.add_marker(pytest.mark.jail)
            item.add_marker(pytest.mark.xdist_group(f"{file} {person}"))
            if person == "root" and file in ROOT_LATER:
                item.add_marker(pytest.mark.slow)


def person_of(item: pytest.Item) -> str:
    """For whom a test runs; "" if it makes no difference."""
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return next((each.name for each in parameters if isinstance(each, Person)), "")
