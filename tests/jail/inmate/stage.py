"""Plays a scene: calls a function in namespaces of the test's own, as root or as an ordinary user.

`play` is the test's side. The other is a fresh interpreter that leaves the host's network and mounts behind, lets a
shell script prepare the "host" that the jail is to find, becomes the person, calls the function and prints what it
returns.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.outer.enter import become
from tests.support.outer.holder import isolate, mount, uncover
from tests.support.outer.person import Person

REPOSITORY = Path(__file__).parents[3]
SECONDS = 40.0
MS_REC, MS_PRIVATE = 16384, 1 << 18
PREFIX = "set -eu\nip link set lo up\n"


def play(person: Person, scene: Callable[..., Any], *arguments: Any, prepare: str = "", **options: Any) -> Any:
    """What the scene returns, a plain value. `prepare` runs with all rights in the new namespaces; its working
    directory, in `$T`, is the scene's too and belongs to the person."""
    folder = Path(tempfile.mkdtemp(prefix="scene-"))
    try:
        folder.chmod(0o755)
        spec = {"scene": [scene.__module__, scene.__name__], "arguments": arguments, "options": options}
        who = {"uid": person.uid, "gid": person.gid, "prepare": PREFIX + prepare, "folder": str(folder)}
        return _played(json.dumps(spec | who), folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _played(spec: str, folder: Path) -> Any:
    with (folder / "answer").open("w+b") as answer:
        done = subprocess.run(
            [sys.executable, "-m", "tests.jail.inmate.stage", spec, str(answer.fileno())],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            pass_fds=[answer.fileno()],
            check=False,
        )
        answer.seek(0)
        text = answer.read()
    assert text, f"exit status {done.returncode}\n{done.stderr.decode()}{done.stdout.decode()}"
    return json.loads(text)


def main() -> None:
    """The other side."""
    spec, answer = json.loads(sys.argv[1]), int(sys.argv[2])
    os.set_inheritable(answer, False)
    os.environ.update(T=spec["folder"], REPOSITORY=str(REPOSITORY))
    module, name = spec["scene"]
    isolate(spec["uid"], spec["gid"])
    mount("none", "/", MS_REC | MS_PRIVATE)
    uncover([sys.base_prefix, sys.prefix, str(REPOSITORY)])
    os.chdir(spec["folder"])
    subprocess.run(["sh", "-c", spec["prepare"]], check=True)
    with contextlib.suppress(PermissionError):
        os.chown(spec["folder"], spec["uid"], spec["gid"])
    become(spec["uid"], spec["gid"])
    os.environ["HOME"] = spec["folder"]
    value = getattr(importlib.import_module(module), name)(*spec["arguments"], **spec["options"])
    os.write(answer, json.dumps(value).encode())


if __name__ == "__main__":
    main()
