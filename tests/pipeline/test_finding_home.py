"""The user's directory of hooks: which files count, that they are loaded from what is in them now, who may write."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.config import ConfigError
from ccproxy.pipeline.settling import find_steps
from tests.pipeline.users import User, a_hook, modules_kept, write


def test_without_a_directory_there_are_no_hooks_of_ones_own(user: User) -> None:
    assert user.own() == []


def test_null_means_no_directory(user: User) -> None:
    user.has("a.py", a_hook("a"))
    user.says("hooks_dir: null")
    assert user.own() == []


def test_it_can_be_elsewhere(user: User) -> None:
    write(user.base / "elsewhere" / "a.py", a_hook("a"))
    user.says("hooks_dir: elsewhere")
    assert [(step.name, step.source) for step in user.steps()][-1] == ("a", "elsewhere/a.py")


def test_which_files_count(user: User) -> None:
    for name in ("a.py", "_b.py", "test_c.py", "conftest.py", "d.txt", ".e.py", ".#f.py", "g.py~", "testing.py"):
        user.has(name, a_hook(f"of_{name.strip('._#~').partition('.')[0]}"))
    user.has("package/__init__.py", "from .inner import inner\n")
    user.has("package/inner.py", a_hook("inner"))
    user.has("_package/__init__.py", a_hook("not_counted"))
    user.has("no_package/a.py", a_hook("not_counted_either"))
    user.has("d.py/nothing", "")
    assert user.own() == ["of_a", "inner", "of_testing"]


def test_a_file_without_hooks_is_no_error(user: User) -> None:
    user.has("words.py", "WORDS = 1\n")
    assert user.own() == []


def test_files_import_each_other(user: User) -> None:
    user.has("common.py", a_hook("common") + "x = 1\n")
    user.has("_shared.py", "from .deep.down import y\n")
    user.has("deep/__init__.py", "")
    user.has("deep/down.py", "from ..common import x as y\n")
    user.has("plain/data.py", "z = 3\n")
    user.has("a.py", "from ._shared import y\nfrom .common import common\nfrom .plain.data import z\n" + a_hook("a"))
    assert user.own() == ["a", "common"]


def test_their_loggers_have_the_level_of_ccproxy(user: User) -> None:
    user.has("a.py", a_hook("a"))
    assert user.steps()[-1].hook.module.startswith("ccproxy.")


def test_an_edit_within_the_same_second_and_of_the_same_size_takes_effect(user: User) -> None:
    file = user.has("a.py", a_hook("a"))
    shared = user.has("_s.py", "x = 1\n")
    user.has("b.py", "from ._s import x\n" + a_hook("b") + "b1 = b if x == 1 else None\n" + a_hook("c" * 2))
    cached = {source: compiled_by_python(source) for source in (file, shared)}
    assert user.own() == ["a", "b", "cc"]
    for source, name in ((file, "z"), (shared, None)):
        status = source.stat()
        source.write_text(a_hook("z") if name else "x = 2\n")
        os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert (source.stat().st_size, source.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)
    assert user.own() == ["z", "b", "cc"]
    assert sys.modules["ccproxy.user_hooks._s"].x == 2
    assert all(path.read_bytes() == content for path, content in cached.values()), "they are not written either"


def compiled_by_python(source: Path) -> tuple[Path, bytes]:
    """Bytecode that Python itself would take for that of the file as long as its second and size stay."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(source)], check=True)
    (compiled,) = (source.parent / "__pycache__").glob(f"{source.stem}.*.pyc")
    return compiled, compiled.read_bytes()


def test_no_bytecode_is_left_behind(user: User) -> None:
    user.has("a.py", a_hook("a"))
    user.own()
    assert [path.name for path in user.hooks_dir.iterdir()] == ["a.py"]


BROKEN = [
    ("x = (\n", "1:5: module 'a' cannot be loaded: SyntaxError: '(' was never closed"),
    (
        "import math\n\nx = math.tau / 0\n",
        "3:5: module 'a' cannot be loaded: ZeroDivisionError: float division by zero",
    ),
    ("import nothing_of_this_name\n", "1:1: module 'a' cannot be loaded: ModuleNotFoundError: No module named"),
    ("from .nothing import x\n", "1:1: module 'a' cannot be loaded: ModuleNotFoundError: No module named"),
    ("from ccproxy import hok\n", "1:1: module 'a' cannot be loaded: ImportError: cannot import name 'hok'"),
    ("import sys\nsys.exit(3)\n", "2:1: module 'a' cannot be loaded: SystemExit: 3"),
    ("raise KeyError\n", "1:1: module 'a' cannot be loaded: KeyError"),
    ("raise ValueError('two\\nlines')\n", "1:1: module 'a' cannot be loaded: ValueError: two lines"),
    ("raise ValueError('x' * 5000)\n", "1:1: module 'a' cannot be loaded: ValueError: xxx"),
    ("import re\n\n\ndef f():\n    return re.compile('[')\n\n\nf()\n", "5:12: module 'a' cannot be loaded: "),
    (a_hook("a", "inbuond"), "4:2: module 'a' cannot be loaded: ValueError: stage is 'inbuond', and should be"),
    (a_hook("a", reads="['a..b']"), "4:2: module 'a' cannot be loaded: ValueError: "),
    ("def f():\n  f()\nf()\n", "2:3: module 'a' cannot be loaded: RecursionError: maximum recursion depth exceeded"),
    ("x = '\0'\n", "module 'a' cannot be loaded: SyntaxError: source code string cannot contain null bytes"),
]


@pytest.mark.parametrize(("code", "expected"), BROKEN, ids=[expected[:60] for _, expected in BROKEN])
def test_what_does_not_load_is_said_with_the_line_in_it(user: User, code: str, expected: str) -> None:
    user.has("a.py", code)
    (said,) = user.complaints()
    assert said.startswith("hooks/a.py:")
    assert expected in said
    assert len(said) < 400


def test_a_file_that_is_not_utf_8(user: User) -> None:
    user.has("a.py", "").write_bytes(b"x = '\xe9'\n")
    (said,) = user.complaints()
    assert said.startswith("hooks/a.py:1")
    assert "SyntaxError: (unicode error) 'utf-8' codec can't decode byte 0xe9" in said


def test_the_line_is_in_the_file_that_failed(user: User) -> None:
    user.has("_shared.py", "x = 1\ny = x.z\n")
    user.has("a.py", "from ._shared import y\n")
    user.has("b.py", "from ._shared import y\n")
    assert [line.partition(" module")[0] for line in user.complaints()] == ["hooks/_shared.py:2:5:"] * 2


def test_what_is_listed_and_does_not_load_is_said_once_and_with_both_places(user: User) -> None:
    user.has("a.py", "x = y\n")
    user.says("inbound: [a]")
    assert user.complaints() == [
        "ccproxy.yaml:3:15: hooks.inbound[0]: module 'a' cannot be loaded: NameError: name 'y' is not defined "
        "(hooks/a.py:1:5)"
    ]


def test_a_module_elsewhere_that_does_not_load(user: User) -> None:
    package = user.installs("UNIQUE/__init__.py", "")
    user.installs(f"{package}/inner.py", "from json import loads\n\ndef f():\n    return loads('{')\n")
    user.installs(f"{package}/outer.py", "from .inner import f\n\nf()\n")
    alone = user.installs("UNIQUE.py", "from json import loads\nloads('{')\n")
    user.says(f"inbound: [{package}.outer, {alone}, {package}.nothing]")
    outer, single, missing = user.complaints()
    assert f"module '{package}.outer' cannot be loaded: JSONDecodeError: Expecting property name" in outer
    assert outer.endswith(f"(library/{package}/inner.py:4:12)")
    assert single.endswith(f"(library/{alone}.py:2:1)")
    assert f"there is no module '{package}.nothing'" in missing


def test_a_failed_load_leaves_what_was_loaded(user: User) -> None:
    user.has("_shared.py", "x = 1\n")
    user.has("a.py", "from ._shared import x\n" + a_hook("a"))
    user.own()
    user.has("_shared.py", "x = 2\n")
    user.has("b.py", "x = y\n")
    with modules_kept():
        user.complaints()
    assert sys.modules["ccproxy.user_hooks._shared"].x == 1


def test_a_failed_first_load_leaves_nothing(user: User) -> None:
    user.own()
    user.has("a.py", a_hook("a"))
    user.says("disabled: [nothing]")
    with modules_kept():
        user.complaints()
    assert "ccproxy.user_hooks.a" not in sys.modules


def test_a_module_that_is_gone_is_not_found_any_more(user: User) -> None:
    gone = user.has("gone.py", "x = 1\n")
    user.has("a.py", "from .gone import x\n" + a_hook("a"))
    assert user.own() == ["a"]
    gone.unlink()
    (said,) = user.complaints()
    assert "No module named 'ccproxy.user_hooks.gone'" in said


@pytest.mark.parametrize(("mode", "is_refused"), [(0o755, False), (0o700, False), (0o775, True), (0o757, True)])
def test_a_directory_that_others_can_change_is_refused(user: User, mode: int, is_refused: bool) -> None:
    user.has("a.py", a_hook("a"))
    user.says("inbound: [a]")
    user.hooks_dir.chmod(mode)
    user.base.chmod(0o700)
    assert user.own() == ["a"]  # nobody else gets there
    user.base.chmod(0o755)
    if is_refused:
        assert user.complaints() == [
            f"hooks: can be changed by others (mode {mode:04o}), and code is run from here; chmod go-w hooks"
        ]
    else:
        assert user.own() == ["a"]


@pytest.mark.parametrize(
    ("path", "mode", "is_refused"),
    [("a.py", 0o666, True), ("a.py", 0o664, False), ("p", 0o775, True), ("p", 0o777, True), ("p/b.py", 0o644, False)],
)
def test_so_are_files_that_everybody_can_change_and_packages(
    user: User, path: str, mode: int, is_refused: bool
) -> None:
    user.has("a.py", a_hook("a"))
    user.has("p/__init__.py", "")
    user.has("p/b.py", "")
    (user.hooks_dir / path).chmod(mode)
    user.base.chmod(0o755)
    if is_refused:
        assert user.complaints()[0].startswith(f"hooks/{path}: can be changed by others (mode {mode:04o})")
    else:
        assert user.own() == ["a"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_what_belongs_to_another_user_is_refused(user: User) -> None:
    file = user.has("a.py", a_hook("a"))
    os.chown(file, 12345, -1)
    assert user.complaints() == [
        "hooks/a.py: belongs to another user (12345), and code is run from here; make it yours with chown"
    ]
    os.chown(file, 0, -1)
    os.chown(user.hooks_dir, 12345, -1)
    assert user.complaints()[0].startswith("hooks: belongs to another user (12345)")


def test_odd_things_in_its_place(user: User) -> None:
    user.base.joinpath("hooks").write_text("")
    assert user.complaints() == ["hooks: cannot be read: Not a directory; hooks.hooks_dir is hooks"]
    user.hooks_dir.unlink()
    user.hooks_dir.symlink_to("nowhere")
    assert user.complaints() == ["hooks: cannot be read: No such file or directory; hooks.hooks_dir is hooks"]


def test_links_are_followed(user: User) -> None:
    write(user.base / "dotfiles" / "hooks" / "a.py", a_hook("a"))
    write(user.base / "dotfiles" / "b.py", a_hook("b"))
    user.hooks_dir.symlink_to("dotfiles/hooks")
    (user.hooks_dir / "b.py").symlink_to("../b.py")
    assert user.own() == ["a", "b"]
    (user.base / "dotfiles" / "b.py").unlink()
    assert user.complaints() == ["hooks/b.py: cannot be read: No such file or directory; hooks.hooks_dir is hooks"]


@pytest.mark.parametrize("name", ["my-hook.py", "2fast.py", "a.b.py"])
def test_names_that_no_module_can_have(user: User, name: str) -> None:
    user.has(name, a_hook("a"))
    assert user.complaints() == [
        f"hooks/{name}: {name.removesuffix('.py')!r} cannot be the name of a module; "
        "use letters, digits and _, or begin it with _ if it is not to be loaded"
    ]


DECLARED = st.text(st.sampled_from(list("ab.*_-09 \n'\"\\é")), max_size=6).map(repr)
LINES = st.one_of(
    st.builds(a_hook, st.sampled_from("abc"), st.sampled_from(["inbound", "b", ""])),
    st.builds(lambda path: a_hook("d", reads=f"[{path}]", writes=f"[{path}]"), DECLARED),
    st.sampled_from(
        ["x = y\n", "from .other import z\n", "import json as a\n", "a = None\n", "del a\n", "  x\n", "(\n"]
    ),
    st.text(st.sampled_from(list("ab =()[]:'\"\n\t#@\\\0é,.")), max_size=30),
)


@given(code=st.lists(LINES, max_size=4).map("".join), other=st.lists(LINES, max_size=2).map("".join))
@settings(deadline=None, max_examples=60)
def test_whatever_is_in_the_files_it_is_hooks_or_problems_with_places(
    tmp_path_factory: pytest.TempPathFactory, code: str, other: str
) -> None:
    user = User(tmp_path_factory.mktemp("user"))
    for name, text in (("one.py", code), ("other.py", other)):
        user.has(name, "").write_text(text)
    try:
        assert len(find_steps(user.config).steps) >= 3
    except ConfigError as error:
        problems = error.problems
    else:
        return
    assert problems
    assert all(problem.file.startswith(str(user.hooks_dir)) for problem in problems)
    assert len(str(ConfigError(problems)).splitlines()) == len(problems)
