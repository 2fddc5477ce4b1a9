"""`ccproxy lightllm convert` with Perplexity's web application at either end."""

from __future__ import annotations

import json

import pytest

from tests.support.daemon import Home
from tests.support.provider_answers import body_of, stream_of

REQUEST = json.dumps({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]})


def test_a_request(home: Home) -> None:
    done = home.run("lightllm", "convert", "--model", "sonar-2", "anthropic", "perplexity_pro", stdin=REQUEST)
    assert done.returncode == 0, done.stderr
    payload = json.loads(done.stdout)
    assert (payload["query_str"], payload["params"]["model_preference"]) == ("hi", "experimental")
    assert done.stderr == "left out: field.max_tokens=1\n"
    again = home.run("lightllm", "convert", "perplexity_pro", "openai", stdin=done.stdout)
    assert json.loads(again.stdout)["messages"] == [{"role": "user", "content": "hi"}]


def test_a_model_that_it_does_not_have(home: Home) -> None:
    done = home.run("lightllm", "convert", "anthropic", "perplexity_pro", stdin=REQUEST)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no model 'm'" in done.stderr
    assert "perplexity/best" in done.stderr


@pytest.mark.parametrize("what", ["stream", "answer"])
def test_no_client_gets_answers_of_its_kind(home: Home, what: str) -> None:
    data = b"".join(stream_of("openai", ["a"])).decode() if what == "stream" else json.dumps(body_of("openai"))
    done = home.run("lightllm", "convert", "openai", "perplexity_pro", stdin=data)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no client speaks it" in done.stderr
    assert "Traceback" not in done.stderr
