"""The configuration file that `ccproxy init` writes."""

from __future__ import annotations

import tempfile
from importlib.resources import files
from pathlib import Path

from ccproxy.config.paths import FILE_NAME


def template() -> str:
    """The packaged file: commented, every key with its default."""
    return files("ccproxy.config").joinpath("template.yaml").read_text(encoding="utf-8")


def write_template(config_dir: Path, force: bool = False) -> Path | None:
    """Write the template to `config_dir` and return its path; None if a file is there already and `force` is not given.

    A new directory is 0700, the file 0600. With `force` the former file stays beside it as `ccproxy.yaml.bak`. A link
    stays a link. Raises OSError.
    """
    config_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = config_dir / FILE_NAME
    if file.exists():
        if not force:
            return None
        _write(config_dir / f"{FILE_NAME}.bak", file.read_bytes())
    _write(file.resolve(), template().encode())
    return file


def _write(file: Path, data: bytes) -> None:
    """All or nothing, readable by the owner only."""
    with tempfile.NamedTemporaryFile(prefix=f".{file.name}.", dir=file.parent, delete_on_close=False) as stream:
        stream.write(data)
        stream.close()
        Path(stream.name).replace(file)
