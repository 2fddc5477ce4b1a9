"""The `llm` command line before Perplexity, by its file of OpenAI-compatible models; `make clients` runs this.

The provider is a stand-in, the session made up.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.clients.programs import PYTHONS, SECONDS
from tests.support.dialects import SENTINEL
from tests.support.perplexity.served import MODEL, PIXEL, PROVIDER, Served, served
from tests.support.perplexity.story import QUESTIONS

pytestmark = pytest.mark.clients
LLM = PYTHONS / "llm" / "bin" / "llm"
FORMATS = {"chat": {}, "responses": {"responses": True}}
every_format = pytest.mark.parametrize("format", FORMATS)
every_way = pytest.mark.parametrize("way", [["--no-stream"], []], ids=["buffered", "streamed"])


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with served() as made:
        yield made


@pytest.fixture
def pplx(running: Served, tmp_path: Path) -> Served:
    """Both, with the settings that a user would write."""
    running.site.reset()
    model = {"model_name": MODEL, "api_base": f"{running.daemon.url}/v1", "api_key_name": PROVIDER, "vision": True}
    models = [model | {"model_id": name} | more for name, more in FORMATS.items()]
    (tmp_path / "extra-openai-models.yaml").write_text(yaml.safe_dump(models))
    (tmp_path / "keys.json").write_text(json.dumps({PROVIDER: SENTINEL + PROVIDER}))
    return running


def llm(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs it in an otherwise empty home."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "LLM_USER_PATH": str(folder)}
    return subprocess.run(
        [str(LLM), *arguments],
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@every_way
@every_format
def test_a_conversation(pplx: Served, tmp_path: Path, format: str, way: list[str]) -> None:
    done = llm(tmp_path, "-m", format, *way, "say Zürich SIM_SOURCES 2 SIM_WORDS 40")
    assert done.returncode == 0, done.stderr
    assert "Answer 1 to “say Zürich”. Fact 1 is known [1](https://pages.example/1" in done.stdout
    more = llm(tmp_path, "--continue", *way, "and then?")
    assert more.stdout == "Answer 2 to “and then?”.\n", more.stderr
    (thread,) = pplx.site.library.threads
    assert len(thread.entries) == 2
    assert not pplx.site.refusals


def test_thinking(pplx: Served, tmp_path: Path) -> None:
    """It shows that of Responses; in Chat it looks for none."""
    done = llm(tmp_path, "-m", "responses", "think SIM_GOALS 2 SIM_STEPS")
    assert done.stdout.startswith("Answer 1"), done.stderr
    assert all(told in done.stderr for told in ("Goal 1: find out about part 1.", "Goal 2", "plan.pdf"))


@every_way
@every_format
def test_a_picture(pplx: Served, tmp_path: Path, format: str, way: list[str]) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(PIXEL)
    done = llm(tmp_path, "-m", format, *way, "--attachment", str(picture), "what is it?")
    assert done.stdout == "Answer 1 to “what is it?”. There were 1 files.\n", done.stderr
    (stored,) = pplx.site.bucket.stored.values()
    assert stored.data == PIXEL


@every_way
@every_format
def test_questions_and_errors(pplx: Served, tmp_path: Path, format: str, way: list[str]) -> None:
    asked = llm(tmp_path, "-m", format, *way, "SIM_QUESTIONS")
    assert all(question in asked.stdout for question in QUESTIONS)
    for order, words in {"SIM_CUT 3": "in mid-answer", "SIM_ERROR 404": "As ordered: 404"}.items():
        failed = llm(tmp_path, "-m", format, *way, f"SIM_WORDS 60 {order}")
        assert failed.returncode != 0, failed.stdout
        assert words in failed.stderr
