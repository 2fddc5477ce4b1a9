"""Code Assist by the SDKs, where it is not as the other providers are: busy models, pictures out, streams as arrays.

All else that an SDK can ask for is in the tests of pairs, to which it belongs as a provider.
"""

from __future__ import annotations

import json

import pytest

from tests.sdk.conftest import FALLBACK
from tests.sdk.pairs import ASKED, WAYS, Crossing
from tests.sdk.speakers.question import CODE_ASSIST, NAMES
from tests.support.daemon import Daemon
from tests.support.dialects import GEMINI
from tests.support.grammar.gemini import check_stream
from tests.support.http import Response
from tests.support.sse import events

every_client = pytest.mark.parametrize("pair", [(name, CODE_ASSIST) for name in NAMES], ids="-".join)
every_way = pytest.mark.parametrize("way", WAYS)
THOUGHT = "No need to think long about it"


@every_client
@every_way
def test_a_tool_turn_while_the_model_is_busy(crossing: Crossing) -> None:
    """Another thinks and calls; with the result the one that was asked for has room again."""
    text = f'SIM_BUSY {ASKED["gemini"]} 503 SIM_THINK SIM_TOOL look_up {{"city": "Rome"}}'
    question = crossing.question(text, tools=True)
    first = crossing.say(question)
    (call,) = first.calls
    assert THOUGHT in first.thoughts
    assert answered(crossing) == ([503, 200], FALLBACK)
    last = crossing.say(crossing.speaker.go_on(question, first, [(call, "sunny")]))
    assert last.text == "TOOL RESULT: sunny"
    assert answered(crossing) == ([200], ASKED["gemini"])


def answered(crossing: Crossing) -> tuple[list[int], str]:
    """The attempts of the newest exchange, and the model that answered, which is also what was sent last."""
    record = crossing.record()
    assert json.loads(record["bodies"]["forwarded_request"]["text"])["model"] == record["answered_model"]
    return [each["status"] for each in record["tries"]], record["answered_model"]


@every_way
@pytest.mark.parametrize("pair", [("gemini", CODE_ASSIST)], ids="-".join)
def test_pictures_and_code_come_out(crossing: Crossing) -> None:
    said = crossing.say(crossing.question("SIM_IMAGE SIM_CODE paint a dot"))
    (picture,) = [part.inline_data for part in said.native if part.inline_data]
    assert picture.mime_type == "image/png"
    assert picture.data.startswith(b"\x89PNG\r\n")
    (code,) = [part.executable_code.code for part in said.native if part.executable_code]
    (result,) = [part.code_execution_result.output for part in said.native if part.code_execution_result]
    assert code
    assert result


def test_a_stream_that_is_not_asked_for_as_events_is_an_array(crossroads: Daemon) -> None:
    """As the public API has it, and llm-gemini reads it: the elements are the events' data."""
    whole = streamed(crossroads, "")
    chunks = streamed(crossroads, "?alt=sse")
    assert (whole.field("content-type") or b"").startswith(b"application/json")
    assert len(whole.pieces) > 5
    elements, data = whole.json(), [each.json() for each in events(chunks.body)]
    assert [each | {"responseId": ""} for each in elements] == [each | {"responseId": ""} for each in data]
    assert check_stream(chunks.body.decode()) == []
    assert "".join(each["candidates"][0]["content"]["parts"][0]["text"] for each in elements).endswith("✓")


@pytest.mark.parametrize("query", ["", "?alt=sse"], ids=["array", "events"])
def test_such_a_stream_breaks_off_in_an_error(crossroads: Daemon, query: str) -> None:
    """The array is a whole one all the same."""
    answer = streamed(crossroads, query, "SIM_ERROR_MID 2")
    found = [each.json() for each in events(answer.body)] if query else answer.json()
    assert [list(each) == ["error"] for each in found] == [False, False, True]
    assert found[-1]["error"]["status"] == "UNAVAILABLE"


def streamed(daemon: Daemon, query: str, text: str = "say hi") -> Response:
    """A stream of a client that speaks for itself."""
    target = f"/v1beta/models/gemini-2.5-pro:streamGenerateContent{query}"
    body = json.dumps({"contents": [{"role": "user", "parts": [{"text": text}]}]}).encode()
    return daemon.ask("POST", target, [GEMINI.key(CODE_ASSIST), (b"content-type", b"application/json")], body)
