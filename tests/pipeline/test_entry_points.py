"""Hooks of installed packages, with packages that are really there, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.pipeline.users import a_hook, write

FIND = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from ccproxy.config import ConfigError, load_config
from ccproxy.pipeline.settling import find_steps
try:
    for step in find_steps(load_config(None, Path(sys.argv[2]), {})).steps:
        print(f"{step.name} [{step.source}]")
except ConfigError as error:
    print(error)
"""
BUILT_IN = ["extract_session_id [default]", "inject_auth [default]", "verbose_mode [default]"]


class Site:
    """A directory of installed packages, and a configuration directory."""

    def __init__(self, base: Path) -> None:
        self.base, self.packages = base, base / "site"
        self.packages.mkdir(mode=0o755)

    def has(self, name: str, points: str, **modules: str) -> None:
        """Installs a distribution in version 1.0: modules, and the lines of its group of entry points."""
        for module, code in modules.items():
            write(self.packages / f"{module}.py", code)
        information = self.packages / f"{name.replace('-', '_')}-1.0.dist-info"
        write(information / "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        write(information / "entry_points.txt", f"[ccproxy.hooks]\n{dedent(points)}\n")

    def found(self, hooks: str = "", **environ: str) -> list[str]:
        """What a daemon would find, a line each, but for the hooks that are built in; or what is wrong."""
        write(self.base / "ccproxy.yaml", f"ccproxy: {{hooks: {{{hooks}}}}}")
        command = [sys.executable, "-c", FIND, str(self.packages), str(self.base)]
        environment = {**os.environ, **environ}
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        lines = done.stdout.replace(f"{self.base}/", "").splitlines()
        return [line for line in lines if line not in BUILT_IN]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_module_a_function_and_something_in_a_class(site: Site) -> None:
    inside = "class Holder:\n    inner = c\n"
    site.has(
        "acme-hooks",
        "mask = acme:b [extra]\nwhole = other\nheld = acme : Holder.inner",
        acme=a_hook("a") + a_hook("b") + a_hook("c") + inside,
        other=a_hook("e") + a_hook("d"),
    )
    assert site.found() == [
        "c [entry point held of acme-hooks 1.0]",
        "b [entry point mask of acme-hooks 1.0]",
        "e [entry point whole of acme-hooks 1.0]",
        "d [entry point whole of acme-hooks 1.0]",
    ]


def test_a_package_installed_by_pip(site: Site) -> None:
    project = site.base / "project"
    write(
        project / "pyproject.toml",
        """
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"
        [project]
        name = "acme-redaction"
        version = "2.1"
        [project.entry-points."ccproxy.hooks"]
        redact = "acme_redaction"
        """,
    )
    write(project / "acme_redaction" / "__init__.py", "from ._inner import redact\n")
    write(project / "acme_redaction" / "_inner.py", a_hook("redact"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(site.packages), str(project)], check=True, capture_output=True)
    assert site.found() == ["redact [entry point redact of acme-redaction 2.1]"]


def test_they_can_be_left_out(site: Site) -> None:
    site.has("acme-hooks", "mask = acme\nbroken = no_module", acme=a_hook("a"))
    assert site.found("entry_points: false") == []


def test_they_come_last_and_a_hook_that_is_listed_is_there_as_it_is_listed(site: Site) -> None:
    site.has("acme-hooks", "b = acme", acme=a_hook("a") + a_hook("b") + a_hook("c"))
    site.has("bcme-hooks", "a = acme:c", bcme="")
    write(site.base / "hooks" / "own.py", a_hook("own"))
    assert site.found("inbound: ['acme:b'], disabled: [c]") == [
        "b [hooks.inbound[0]]",
        "own [hooks/own.py]",
        "a [entry point b of acme-hooks 1.0]",
    ]
    assert site.found("disabled: [a, b]")[-1] == "c [entry point a of bcme-hooks 1.0]"


ADVICE = "uninstall acme-hooks, or write hooks.entry_points: false"
BROKEN = [
    ("mask = no_such_module", "there is no module 'no_such_module'"),
    ("mask = acme:b", "module 'acme' has no 'b'"),
    ("mask = acme:VALUE", "'VALUE' in module 'acme' is not a hook"),
    ("mask = empty", "module 'empty' defines no hooks"),
    ("mask = acme-b:c", "its value 'acme-b:c' is neither a module nor module:object"),
    (
        "mask = broken",
        "module 'broken' cannot be loaded: ModuleNotFoundError: No module named 'nothing' (site/broken.py:1:1)",
    ),
]


@pytest.mark.parametrize(("point", "expected"), BROKEN, ids=[point for point, _ in BROKEN])
def test_a_broken_one_says_whose_it_is_and_what_can_be_done(site: Site, point: str, expected: str) -> None:
    site.has("acme-hooks", point, acme=a_hook("a") + "VALUE = 1\n", empty="", broken="import nothing\n")
    assert site.found() == [f"entry point mask of acme-hooks 1.0: {expected}; {ADVICE}"]


def test_a_name_that_is_taken(site: Site) -> None:
    site.has("acme-hooks", "mask = acme", acme=a_hook("verbose_mode"))
    assert site.found() == [
        "entry point mask of acme-hooks 1.0: the name 'verbose_mode' is taken by a built-in hook; "
        "give the function another name"
    ]


def test_params_that_must_be_given(site: Site) -> None:
    model = "from pydantic import BaseModel\nclass Params(BaseModel):\n    limit: int\n"
    site.has("acme-hooks", "mask = acme", acme=model + a_hook("a", "outbound", params="Params"))
    assert site.found() == [
        "entry point mask of acme-hooks 1.0: hook a: params.limit: is required; "
        "list the hook under hooks.outbound with its params"
    ]
    assert site.found("inbound: [{hook: acme, params: {limit: 3}}]") == ["a [hooks.inbound[0]]"]


def test_a_package_that_does_not_say_what_it_is_called(site: Site) -> None:
    site.has("acme-hooks", "mask = acme", acme=a_hook("a"))
    (site.packages / "acme_hooks-1.0.dist-info" / "METADATA").unlink()
    assert site.found() == ["a [entry point mask of an installed package]"]


def test_entry_points_that_cannot_be_read(site: Site) -> None:
    site.has("acme-hooks", "mask", acme=a_hook("a"))
    unread = {"PYDANTIC_DISABLE_PLUGINS": "__all__"}  # pydantic reads the entry points of all packages for its own ends
    (said,) = site.found(**unread)
    assert said.startswith("ccproxy.hooks: the entry points of installed packages cannot be read: TypeError: ")
    assert said.endswith("; write hooks.entry_points: false")
    assert site.found("entry_points: false", **unread) == []
