"""The doctor with a real jail: without a daemon, and with one in a network without a way out."""

from __future__ import annotations

from tests.jail.doctor.conftest import Examine, by_id, read

INSIDE = ("jail_starts", "jail_routes", "jail_resolver", "jail_host", "jail_capabilities")


def test_without_a_daemon_the_kernels_part_is_tried(examine: Examine) -> None:
    value = read(examine("nothing"))
    checks = by_id(value)
    assert value["failures"] == []
    assert {checks[name]["status"] for name in INSIDE} == {"ok"}
    assert {checks[name]["status"] for name in ("daemon", "jail_tunnel", "jail_dns")} == {"unknown"}
    assert value["system"]["uid"] == 1000


def test_ubuntus_switch_where_this_program_is_excepted(examine: Examine) -> None:
    value = read(examine("ubuntu_with_profile"))
    assert value["failures"] == []
    checks = by_id(value)
    assert "excepted" in checks["apparmor_userns"]["detail"]
    assert checks["pid_namespace"]["status"] == "warning"  # a /proc that is partly hidden, as in a container
    assert checks["jail_starts"]["status"] == "ok"


def test_for_people_all_well_is_a_line_each(examine: Examine) -> None:
    done = examine("nothing", options=())
    assert (done.returncode, done.stderr) == (0, "")
    assert "✓  A jail" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("jails work here")
    assert "\x1b" not in done.stdout
