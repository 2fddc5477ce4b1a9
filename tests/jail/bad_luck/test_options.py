"""Options that make no sense, and commands that cannot be run."""

from __future__ import annotations

import pytest

from tests.jail.bad_luck.conftest import Marked
from tests.jail.bad_luck.said import complaint, quiet, usage
from tests.support.outer.outer import scripts

PROGRAMS = {
    "empty": ("", 127, "command not found"),
    "missing": ("./nowhere", 127, "command not found"),
    "directory": (".", 126, "is a directory"),
    "not executable": ("./plain", 126, "is not executable"),
    "interpreter": ("./orphan", 126, "its interpreter is not there"),
    "dangling": ("./dangling", 127, "command not found"),
    "through a file": ("./plain/x", 127, "command not found"),
    "newline": ("a\nb", 127, "command not found"),
}


@pytest.mark.parametrize("case", PROGRAMS)
def test_programs_that_cannot_be_run(house: Marked, case: str) -> None:
    house.file("plain", "text\n")
    house.file("orphan", "#!/nowhere/at/all\n").chmod(0o755)
    link = house.home.root / "home" / "dangling"
    if not link.is_symlink():
        link.symlink_to("/nowhere/at/all")
    name, status, words = PROGRAMS[case]
    assert words in complaint(house.jail(name), status)
    for each in ("plain", "orphan", "dangling"):
        (house.home.root / "home" / each).unlink()


def test_a_script_without_a_first_line_that_says_so(house: Marked) -> None:
    script = house.file("script", "echo it ran $1\nexit 9\n")
    script.chmod(0o755)
    done = house.jail("./script", "well")
    assert (done.returncode, done.stdout, done.stderr) == (9, b"it ran well\n", b"")
    script.unlink()


@pytest.mark.parametrize("option", ["--only-host", "--deny-host"])
@pytest.mark.parametrize("glob", ["[", "", "a\nb", "https://example.com", "a b", "x" * 70000])
def test_hosts_that_are_none(house: Marked, option: str, glob: str) -> None:
    said = complaint(house.jail("echo", "ran", options=(option, glob)), 125)
    assert "host" in said


@pytest.mark.parametrize("option", ["--publish", "--allow"])
@pytest.mark.parametrize("port", ["0", "70000", "-1", "x", "", "80.5", "1" * 5000])
def test_ports_that_are_none(house: Marked, option: str, port: str) -> None:
    assert option in usage(house.jail("echo", "ran", options=(option, port)))


@pytest.mark.parametrize(
    "options",
    [
        ("--publish", "1455", "--publish", "1455"),
        ("--allow", "1455", "--allow", "1455"),
        ("--allow", "1455", "--publish", "1455"),
        ("--publish", "1455", "--publish", "auto"),
    ],
    ids=" ".join,
)
def test_the_same_port_twice(house: Marked, options: tuple[str, ...]) -> None:
    done = house.jail("echo", "ran", options=options)
    assert (done.returncode, done.stdout) == (0, b"ran\n")
    assert done.stderr.count(b"\n") == ("--publish" in options)


def test_the_daemons_own_port(house: Marked) -> None:
    port = str(house.daemon.port)
    assert quiet(house.jail("echo", "ran", options=("--allow", port))) == b"ran\n"
    done = house.jail("echo", "ran", options=("--publish", port))
    assert (done.returncode, done.stdout) == (0, b"ran\n")
    assert done.stderr.decode() == f"ccproxy: port {port} of the jail is not on this machine: it is taken here\n"


@pytest.mark.parametrize(
    "name", ["a/../b", "/", "..", "a\nb", "\x1b[31m", "x" * 100_000, "", " ", "\u202e", b"a\xffb", "{}", "%s"]
)
def test_names(house: Marked, name: str | bytes) -> None:
    text = name if isinstance(name, str) else name.decode("utf-8", "surrogateescape")
    child = house.start_jail("sh", "-c", "echo ready; read line", options=("--name", text))
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    (jail,) = house.daemon.control("GET", "/jails")["jails"]
    assert jail["name"].isprintable()
    assert 0 < len(jail["name"]) <= 64
    status = house.cli("namespace", "status")
    assert (status.returncode, b"Traceback" in status.stderr) == (0, False)
    assert jail["name"].encode() in status.stdout
    _, errors = child.communicate(b"\n", 20)
    assert (child.returncode, errors) == (0, b"")
    assert f"jail {jail['name']}: sh\n" in house.daemon.output


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (".", "Is a directory"),
        ("nowhere/x", "No such file or directory"),
        ("", "Is a directory"),
        ("/proc/sys/x", "No such file or directory"),
        ("/dev/full", "No space left on device"),
        ("a" * 300, "File name too long"),
    ],
)
def test_captures_that_cannot_be_written(house: Marked, path: str, words: str) -> None:
    said = complaint(house.jail("echo", "ran", options=("--pcap", path)), 125)
    assert said.startswith("the capture ")
    assert said.endswith(words)


def test_a_capture_in_a_closed_directory(house: Marked) -> None:
    place = "/etc/x" if house.outer.person.uid else "/proc/self/x"  # nothing else is closed to root
    assert "the capture " in complaint(house.jail("echo", "ran", options=("--pcap", place)), 125)


@pytest.mark.parametrize("start", [(), ("--start",)], ids=["", "start"])
def test_a_jail_in_a_jail(house: Marked, start: tuple[str, ...]) -> None:
    done = house.jail(scripts("ccproxy"), "run", "--inspect", *start, "--", "echo", "ran")
    assert complaint(done, 125) == "this is a jail, and there is none in a jail"
