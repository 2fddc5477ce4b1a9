"""People with a configuration and hooks of their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from uuid import uuid4

import pytest

from ccproxy.config import Config, ConfigError, load_config
from ccproxy.pipeline.hook import Step
from ccproxy.pipeline.settling import find_steps


class User:
    """Has a configuration directory, with `ccproxy.yaml` and `hooks` in it, and a directory of importable modules."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.hooks_dir = base / "hooks"
        self.library = base / "library"
        self.text = "ccproxy: {hooks: {entry_points: false}}"

    def says(self, hooks: str) -> None:
        """Writes the block `hooks` of the configuration; its first line is the third of the file."""
        block = "".join(f"    {line}\n" for line in dedent(hooks).strip().splitlines())
        self.text = f"ccproxy:\n  hooks:\n{block}"
        if "entry_points" not in hooks:
            self.text += "    entry_points: false\n"

    @property
    def config(self) -> Config:
        """The configuration as it is now."""
        (self.base / "ccproxy.yaml").write_text(self.text)
        return load_config(None, self.base, {})

    def has(self, name: str, code: str) -> Path:
        """Puts a file into the directory of hooks."""
        return write(self.hooks_dir / name, code)

    def installs(self, name: str, code: str) -> str:
        """Puts a file among the importable modules. The part `UNIQUE` of its name is replaced: nobody has it twice."""
        name = name.replace("UNIQUE", f"m{uuid4().hex}")
        write(self.library / name, code)
        return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def steps(self) -> list[Step]:
        """What is found."""
        return find_steps(self.config).steps

    def own(self) -> list[str]:
        """The names of the hooks that are not built in."""
        return [step.name for step in self.steps() if not step.hook.module.startswith("ccproxy.hooks.")]

    def complaints(self) -> list[str]:
        """What is wrong, a line each, paths beginning in the configuration directory."""
        with pytest.raises(ConfigError) as caught:
            find_steps(self.config)
        return str(caught.value).replace(f"{self.base}/", "").splitlines()


def write(path: Path, code: str) -> Path:
    """Writes a file, and makes the directories above it such that only their owner can change them."""
    for directory in reversed(path.parents):
        if not directory.exists():
            directory.mkdir(mode=0o755)
            directory.chmod(0o755)
    path.write_text(dedent(code))
    path.chmod(0o644)
    return path


def a_hook(name: str, stage: str = "inbound", **declared: str) -> str:
    """The code of a hook that does nothing. What is declared further is code too."""
    more = "".join(f", {key}={value}" for key, value in declared.items())
    return f"from ccproxy import hook\n\n\n@hook(stage={stage!r}{more})\ndef {name}(ctx, params):\n    pass\n\n\n"


@contextmanager
def modules_kept() -> Iterator[None]:
    """Says that what is inside does not change the modules of the user's directory."""

    def ours() -> dict[str, int]:
        return {name: id(module) for name, module in sys.modules.items() if name.startswith("ccproxy.user_hooks")}

    before = ours()
    yield
    assert ours() == before
