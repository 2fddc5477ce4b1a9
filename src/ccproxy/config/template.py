"""The configuration file that `ccproxy init` writes."""

from __future__ import annotations

import os
import tempfile
from importlib.resources import files
from pathlib import Path

from ccproxy.config.paths import FILE_NAME


def template() -> str:
    """The packaged file: commented, every key with its default."""
    return files("ccproxy.config").joinpath("template.yaml").read_text(encoding="utf-8")


def write_template(config_dir: Path, force: bool = False) -> Path | None:
    """Write the template to `config_dir` and return its path; None if a file is there already and `force` is not given.

    A new directory is 0700, the file 0600. With `force` the former file stays beside it as `ccproxy.yaml.bak`.
    Raises OSError.
    """
    config_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = config_dir / FILE_NAME
    if target.exists():
        if not force:
            return None
        _write(target.with_name(f"{FILE_NAME}.bak"), target.read_bytes())
    _write(target.resolve(), template().encode())
    return target


def _write(file: Path, data: bytes) -> None:
    """All or nothing, readable by the owner only."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with open(descriptor, "wb") as stream:
            stream.write(data)
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
