"""Commands that only look for paths load no schema, and loading brings nothing that is only for failures."""

from __future__ import annotations

import os
import subprocess
import sys


def python(code: str, *args: str, **environ: str) -> str:
    command = [sys.executable, "-c", code, *args]
    return subprocess.run(command, env={**os.environ, **environ}, check=True, capture_output=True, text=True).stdout


def loaded_by(code: str) -> set[str]:
    return set(python(f"import sys\n{code}\nprint(*sys.modules)").split())


def test_paths_need_no_schema() -> None:
    modules = loaded_by("from ccproxy.config import config_dir, control_socket; config_dir()")
    assert not modules & {"pydantic", "yaml", "ccproxy.config.schema"}


def test_loading_imports_nothing_that_is_only_for_failures() -> None:
    modules = loaded_by("from ccproxy.config import load_config")
    assert not modules & {"pydantic_settings", "difflib", "ccproxy.config.explain", "ccproxy.config.advice"}
