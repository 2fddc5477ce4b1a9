from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ccproxy.jail import doctor, facts
from ccproxy.jail.checks.finding import House, failed, ok
from ccproxy.jail.distribution import FAMILIES, Distribution
from ccproxy.jail.fixes import CONTAINERS
from tests.jail.doctor.schema import is_valid, schema, validate

GOOD: dict[str, Any] = {
    "version": 1,
    "ccproxy": "2.0.0",
    "ok": False,
    "failures": ["tun_device"],
    "system": facts.system(Distribution()),
    "checks": [
        {"id": "kernel", "title": "Kernel", "why": "So.", "status": "ok", "detail": "6.1", "fix": ""},
        {"id": "tun_device", "title": "TUN", "why": "So.", "status": "failed", "detail": "no", "fix": "modprobe tun"},
    ],
}


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(schema())
    validate(GOOD)


def spoil(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    value = copy.deepcopy(GOOD)
    change(value)
    return value


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(ok=True),
        lambda value: value.update(failures=[]),
        lambda value: value.update(version=2),
        lambda value: value.update(checks=[]),
        lambda value: value.pop("system"),
        lambda value: value["checks"][1].update(fix=""),
        lambda value: value["checks"][1].update(status="broken"),
        lambda value: value["checks"][0].pop("why"),
        lambda value: value["system"].update(container="chroot"),
        lambda value: value["system"]["devices"]["/dev/net/tun"].update(mode="rw"),
    ],
    ids=range(10),
)
def test_it_tells_what_is_wrong(change: Callable[[dict[str, Any]], Any]) -> None:
    assert not is_valid(spoil(change))


def test_it_knows_every_family_and_every_container() -> None:
    system = schema()["$defs"]["system"]["properties"]
    assert set(system["distribution"]["properties"]["family"]["enum"]) == {*FAMILIES.values(), "other"}
    assert set(system["container"]["enum"]) == {*CONTAINERS, None}


def test_a_check_that_breaks_has_found_nothing_out(tmp_path: Path) -> None:
    def breaks(house: House) -> Any:
        raise RuntimeError("no idea")

    finding = doctor.finding_of(breaks, House(tmp_path, tmp_path))
    assert (finding.status, finding.detail) == ("unknown", "RuntimeError: no idea")


def test_only_failures_count() -> None:
    check = doctor.DAEMON
    results = [doctor.Result(check, ok("so")), doctor.Result(check, failed("no", "do"))]
    assert doctor.failures(results) == ["daemon"]
    assert doctor.failures(results[:1]) == []


@pytest.mark.parametrize("platform", ["darwin", "win32", "freebsd14"])
def test_elsewhere_one_line_says_what_works(platform: str) -> None:
    line = doctor.elsewhere(platform)
    assert line is not None
    assert "needs Linux" in line
    assert "\n" not in line
    assert ("reverse listener" in line) == (platform != "freebsd14")


def test_on_linux_jails_are_not_elsewhere() -> None:
    assert doctor.elsewhere("linux") is None
