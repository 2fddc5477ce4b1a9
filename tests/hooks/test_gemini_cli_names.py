"""`gemini_cli`: the ids that requests get, and the names under which clients go."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from pydantic import ValidationError

from ccproxy.config.errors import ConfigError
from ccproxy.exchange import HttpRequest
from ccproxy.hooks.gemini_cli import Params
from ccproxy.pipeline.settling import find_steps
from tests.hooks.code_assist import MODEL, asked, config, document, fields, sent
from tests.support.dialects import ANTHROPIC, GEMINI, OPENAI, Dialect

SETTINGS = config()


def text(role: str, said: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"text": said}]}


def turn(*said: str, model: str = MODEL, provider: str = "ca", system: str = "s") -> HttpRequest:
    """A turn of a conversation that a client of the Gemini API has."""
    contents = [text("model" if number % 2 else "user", one) for number, one in enumerate(said)]
    body = {"contents": contents, "systemInstruction": text("user", system)}
    return asked(GEMINI, f"/v1beta/models/{model}:generateContent", body, provider)


def sessions(*requests: HttpRequest) -> list[str]:
    return [document(exchange)["request"]["session_id"] for exchange in sent(SETTINGS, *requests)]


def test_the_session_is_the_same_for_all_turns_and_for_nothing_else() -> None:
    first, second, third, restarted = sessions(
        turn("hi"), turn("hi", "hello", "and?"), turn("hi", "hello", "and?", "so", "ah"), turn("hi")
    )
    assert first == second == third == restarted
    others = sessions(turn("ho"), turn("hi", model="gemini-2.5-pro"), turn("hi", provider="cb"))
    assert len({first, *others}) == 4


def test_the_session_goes_by_the_clients_own_where_it_tells_one() -> None:
    def of(session: str, said: str) -> HttpRequest:
        body = {"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": said}]}
        return asked(ANTHROPIC, body=body | {"metadata": {"user_id": f"user_a_account_b_session_{session}"}})

    one, two = str(uuid.uuid4()), str(uuid.uuid4())
    first, second, third = sessions(of(one, "hi"), of(one, "ho"), of(two, "hi"))
    assert first == second != third
    assert first == str(uuid.uuid5(uuid.NAMESPACE_OID, f"ccproxy:{MODEL}:project-1:{one}"))


def test_without_a_conversation_each_request_has_a_session_of_its_own() -> None:
    settings = config(hooks={"disabled": ["extract_session_id"]})
    first, second = sent(settings, turn("hi"), turn("hi"))
    ids = [document(exchange)["request"]["session_id"] for exchange in (first, second)]
    flow = f"ccproxy:{MODEL}:project-1:flow:{first.id}"
    assert ids[0] == str(uuid.uuid5(uuid.NAMESPACE_OID, flow)) != ids[1]


def test_every_prompt_has_an_id_of_its_own() -> None:
    prompts = [document(exchange)["user_prompt_id"] for exchange in sent(SETTINGS, *[turn("hi")] * 3)]
    assert len(set(prompts)) == 3


def test_half_a_character_in_a_model_does_no_harm() -> None:
    """JSON can say what UTF-8 has not."""
    body = b'{"model": "m\\ud800", "contents": []}'
    (exchange,) = sent(SETTINGS, asked(GEMINI, "/v1internal:generateContent", body))
    assert exchange.forwarded is not None
    assert b'"model":"m\\ud800"' in exchange.forwarded.body


# -- names of clients

SDK = {"User-Agent": "google-genai-sdk/1.9 gl-python/3.13", "x-goog-api-client": "google-genai-sdk/1.9"}
OTHER = {"User-Agent": "mine/1"}
AGENTS: dict[str, tuple[dict[str, Any], dict[str, str], tuple[str | None, str | None]]] = {
    "nothing configured": ({}, SDK, (SDK["User-Agent"], SDK["x-goog-api-client"])),
    "the agent": ({"user_agent": "me/1 ({model})"}, SDK, (f"me/1 ({MODEL})", SDK["x-goog-api-client"])),
    "both": ({"user_agent": "me/1 {x}", "api_client": "gl-x/1"}, SDK, ("me/1 {x}", "gl-x/1")),
    "of others": ({"user_agent": "me/1", "api_client": "gl-x/1"}, OTHER, ("mine/1", None)),
    "of all": ({"user_agent": "me/1", "api_client": "gl-x/1", "for_agents": ""}, OTHER, ("me/1", "gl-x/1")),
    "of some": ({"user_agent": "me/1", "for_agents": "^mi.e/"}, OTHER, ("me/1", None)),
    "of nobody": ({"user_agent": "me/1", "for_agents": "^$"}, {}, ("me/1", None)),
}


def named(params: dict[str, Any]) -> Any:
    return config(hooks={"outbound": [{"hook": "ccproxy.hooks.gemini_cli", "params": params}]})


@pytest.mark.parametrize("dialect", [GEMINI, ANTHROPIC], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("case", AGENTS)
def test_under_which_name_a_client_goes(case: str, dialect: Dialect) -> None:
    params, headers, (agent, api_client) = AGENTS[case]
    (exchange,) = sent(named(params), asked(dialect, headers=headers))
    left = fields(exchange)
    translated = dialect is not GEMINI and api_client == headers.get("x-goog-api-client")
    assert left.get("user-agent") == agent
    assert left.get("x-goog-api-client") == (None if translated else api_client), "the client's own is of another API"


def test_a_call_that_has_its_envelope_goes_under_the_name_too() -> None:
    body = b'{"model" : "m/\xc3\xa9\\n", "request": {"contents": []}}'
    settings = named({"user_agent": "me ({model})", "for_agents": ""})
    (exchange,) = sent(settings, asked(GEMINI, "/v1internal:generateContent", body, headers=SDK))
    assert exchange.forwarded is not None
    assert (exchange.forwarded.body, fields(exchange)["user-agent"]) == (body, "me (m/%C3%A9%0A)")


def test_a_field_that_is_there_twice_is_there_once() -> None:
    request = asked(GEMINI, headers={"a": "1", **SDK, "user-agent": "two", "b": "2"})
    (exchange,) = sent(named({"user_agent": "me"}), request)
    assert exchange.forwarded is not None
    names = [name.lower() for name, _ in exchange.forwarded.headers]
    assert names.count(b"user-agent") == 1
    assert names.index(b"a") < names.index(b"user-agent") < names.index(b"b")


@pytest.mark.parametrize(
    "params", [{"user_agent": ""}, {"user_agent": "a\nb"}, {"api_client": "é"}, {"for_agents": "("}, {"agent": "x"}]
)
def test_params_that_mean_nothing_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Params.model_validate(params)
    with pytest.raises(ConfigError) as failed:
        find_steps(named(params))
    assert "hooks.outbound[0].params" in str(failed.value)


@pytest.mark.parametrize("listed", [["shape", "gemini_cli"], ["gemini_cli", "shape"], ["shape"], ["gemini_cli"], []])
def test_it_comes_before_the_shape_however_they_are_listed(listed: list[str]) -> None:
    steps = find_steps(config(hooks={"outbound": [f"ccproxy.hooks.{name}" for name in listed]})).steps
    assert [step.name for step in steps if step.hook.late] == ["gemini_cli", "shape"]


def test_a_hook_that_changes_the_call_sees_it_as_the_api_has_it() -> None:
    """It is late: what others do to messages, they do to the call without its envelope."""
    settings = config(hooks={"outbound": ["ccproxy.hooks.gemini_cli", "ccproxy.hooks.commitbee_compat"]})
    system = "You generate conventional commits."
    (exchange,) = sent(settings, asked(OPENAI, body={"model": MODEL, "messages": [
        {"role": "system", "content": system}, {"role": "user", "content": "hi"},
    ]}))  # fmt: skip
    said = document(exchange)["request"]["systemInstruction"]["parts"][-1]["text"]
    assert said.startswith(system)
    assert "JSON object alone" in said
