"""Loading costs little CPU time, and commands that only look for paths do not load the schema at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MEASURE = """
import sys, time
import yaml
from pydantic import BaseModel
class First(BaseModel):
    field: int = 1
start = time.process_time()
from ccproxy.config import load_config
load_config(None, __import__("pathlib").Path(sys.argv[1]), {})
print(time.process_time() - start)
"""


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


@pytest.mark.slow
def test_loading_takes_60_ms_at_most_on_top_of_pydantic_and_yaml(tmp_path: Path) -> None:
    file = Path(__file__).parent / "data" / "ai-ccproxy-2.0.yaml"
    (tmp_path / "ccproxy.yaml").write_bytes(file.read_bytes())
    environ = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode")}
    assert min(float(python(MEASURE, str(tmp_path), **environ)) for _ in range(5)) < 0.060
