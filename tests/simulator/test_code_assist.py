"""Code Assist: what its bodies may hold, what its answers hold, and what it says of accounts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.simulator import Reply, respond
from tests.simulator.asking import PARAMETERS, calls_of, declared, events, post, question, text_of, value

CALL = "/v1internal:generateContent"
STREAM = "/v1internal:streamGenerateContent"
PUBLIC = "/v1beta/models/gemini-sim:generateContent"
TURNS = question("gemini", "hello")["contents"]
FULL: dict[str, Any] = {
    "model": "gemini-sim",
    "project": "p",
    "user_prompt_id": "x########0",
    "enabled_credit_types": ["GOOGLE_ONE_AI"],
    "request": {
        "contents": TURNS,
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "tools": [],
        "toolConfig": {},
        "labels": {},
        "safetySettings": [],
        "generationConfig": {"maxOutputTokens": 50},
        "session_id": "s",
    },
}
SNAKES = {
    "model": "gemini-sim",
    "userPromptId": "x",
    "enabledCreditTypes": [],
    "request": {
        "contents": TURNS,
        "system_instruction": {},
        "cached_content": "c",
        "tool_config": {},
        "safety_settings": [],
        "generation_config": {},
        "sessionId": "s",
    },
}


def wrapped(text: str, **more: Any) -> dict[str, Any]:
    """A question in its envelope."""
    return {"model": "gemini-sim", "request": question("gemini", text, **more)}


@pytest.mark.parametrize("body", [FULL, SNAKES])
@pytest.mark.parametrize("path", [CALL, STREAM])
def test_what_gemini_cli_sends_is_taken(path: str, body: dict[str, Any]) -> None:
    assert post(path, body).status == 200


REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("no envelope", CALL, {"contents": TURNS}, 'Unknown name "contents": Cannot find field.'),
    ("no request", CALL, {"model": "m"}, "request is not specified"),
    ("a request of a wrong kind", CALL, {"model": "m", "request": []}, "request is not specified"),
    ("no model", CALL, {"request": {"contents": TURNS}}, "model is not specified"),
    ("an empty model", CALL, {"model": "", "request": {"contents": TURNS}}, "model is not specified"),
    ("a model of a wrong kind", CALL, {"model": 1, "request": {"contents": TURNS}}, "model is not specified"),
    ("a model inside", CALL, wrapped("", model="m"), "Unknown name \"model\" at 'request': Cannot find field."),
    ("a metadata inside", CALL, wrapped("", metadata={}), "Unknown name \"metadata\" at 'request'"),
    ("a session beside", CALL, {**wrapped(""), "session_id": "s"}, 'Unknown name "session_id": Cannot'),
    ("a null that is not known", CALL, {**wrapped(""), "stream": None}, 'Unknown name "stream"'),
    ("no turns", STREAM, {"model": "m", "request": {"session_id": "s"}}, "contents is not specified"),
    ("a session", PUBLIC, question("gemini", "", session_id="s"), 'Unknown name "session_id"'),
    ("a prompt's id", PUBLIC, question("gemini", "", userPromptId="s"), 'Unknown name "userPromptId"'),
    ("a project", PUBLIC, question("gemini", "", project="p"), 'Unknown name "project"'),
    ("an envelope", PUBLIC, wrapped(""), 'Unknown name "request"'),
    ("a wrapped count", "/v1beta/models/m:countTokens", {"request": {"contents": TURNS}}, 'Unknown name "request"'),
    ("a bare count", "/v1internal:countTokens", {"contents": TURNS}, 'Unknown name "contents"'),
    ("a count with a model beside", "/v1internal:countTokens", wrapped(""), 'Unknown name "model": Cannot'),
    ("a count without a model", "/v1internal:countTokens", {"request": {"contents": TURNS}}, "model"),
    ("a count by a bare name", "/v1internal:countTokens", {"request": {"model": "m", "contents": TURNS}}, "models/"),
    ("a count of tools", "/v1internal:countTokens", {"request": {"model": "models/m", "tools": []}}, '"tools" at'),
    ("an odd load", "/v1internal:loadCodeAssist", {"project": "p"}, 'Unknown name "project"'),
    ("an odd onboarding", "/v1internal:onboardUser", {"tierId": "x", "project": "p"}, 'Unknown name "project"'),
    ("an onboarding without a tier", "/v1internal:onboardUser", {}, "tierId"),
    (
        "a free tier with a project",
        "/v1internal:onboardUser",
        {"tierId": "free-tier", "cloudaicompanionProject": "p"},
        "Precondition",
    ),
]


@pytest.mark.parametrize(("path", "body", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_refused(path: str, body: dict[str, Any], message: str) -> None:
    reply = post(path, body)
    assert reply.status == 400
    (error,) = value(reply) if path == STREAM else [value(reply)]
    assert error["error"]["status"] == "INVALID_ARGUMENT"
    assert message in error["error"]["message"]


def test_every_unknown_name_is_told() -> None:
    error = value(post(CALL, {**wrapped(""), "a": 1, "b": 2}))["error"]
    assert error["message"].count("Unknown name") == 2
    (detail,) = error["details"]
    assert [violation["description"] for violation in detail["fieldViolations"]] == error["message"].split("\n")


def test_a_count_is_a_sum() -> None:
    body = {"request": {"model": "models/gemini-sim", "contents": TURNS}}
    counted = value(post("/v1internal:countTokens", body))
    assert counted == {
        "totalTokens": value(post(CALL, wrapped("hello")))["response"]["usageMetadata"]["promptTokenCount"]
    }


def test_a_buffered_answer_has_siblings() -> None:
    answer = value(post(CALL, wrapped("hello")))
    assert set(answer) == {"response", "traceId", "remainingCredits"}
    assert text_of("gemini", answer["response"]) == text_of("gemini", value(post(PUBLIC, question("gemini", "hello"))))


@pytest.mark.parametrize("framing", ["sse", "array"])
def test_a_streamed_answer_has_siblings_at_its_end(framing: str) -> None:
    reply = post(STREAM + ("?alt=sse" if framing == "sse" else ""), wrapped("hello"))
    chunks = events(reply.body) if framing == "sse" else value(reply)
    assert len(chunks) > 20
    assert all(set(chunk) == {"response", "traceId"} for chunk in chunks[:-1])
    assert set(chunks[-1]) == {"response", "traceId", "remainingCredits"}


@pytest.mark.parametrize("text", ["SIM_ERROR 404", "SIM_ERROR_MID 2"])
def test_errors_have_no_envelope(text: str) -> None:
    reply = post(STREAM + "?alt=sse", wrapped(text))
    assert "error" in (value(reply) if reply.status == 404 else events(reply.body)[-1])


def test_calls_have_ids_and_a_signature() -> None:
    text = "SIM_THINK SIM_TOOL look_up\nSIM_TOOL look_up"
    answer = value(post(CALL, wrapped(text, **declared("gemini", "look_up", PARAMETERS))))["response"]
    parts = answer["candidates"][0]["content"]["parts"]
    assert [name for name, _ in calls_of("gemini", answer)] == ["look_up", "look_up"]
    assert len({part["functionCall"]["id"] for part in parts[1:]}) == 2
    assert ["thoughtSignature" in part for part in parts] == [False, True, False]


ACCOUNTS: list[tuple[str, set[str], dict[str, Any]]] = [
    ("", {"currentTier", "allowedTiers", "gcpManaged", "cloudaicompanionProject"}, {"done": True, "project": True}),
    ("no-tier", {"allowedTiers", "gcpManaged"}, {"done": False, "later": True}),
    ("endless", {"allowedTiers", "gcpManaged"}, {"done": False, "later": False}),
    ("no-project", {"currentTier", "allowedTiers", "gcpManaged"}, {"done": True, "project": False}),
    ("ineligible", {"allowedTiers", "ineligibleTiers"}, {"done": True, "project": False}),
]


@pytest.mark.parametrize("by", ["token", "project"])
@pytest.mark.parametrize(("word", "members", "told"), ACCOUNTS)
def test_accounts(word: str, members: set[str], told: dict[str, Any], by: str) -> None:
    assert set(value(setup("loadCodeAssist", word, by))) == members
    operation = value(setup("onboardUser", word, by, tierId="standard-tier"))
    assert operation.get("done", False) is told["done"]
    if "later" in told:
        later = value(respond("GET", b"/v1internal/" + operation["name"].encode(), [], b""))
        assert later.get("done", False) is told["later"]
        assert (project(later) == "simulated-project") is told["later"]
    else:
        assert (project(operation) == "simulated-project") is told["project"]


def project(operation: dict[str, Any]) -> str | None:
    """The project that an operation made."""
    made = operation.get("response", {}).get("cloudaicompanionProject", {}).get("id")
    return None if made is None else str(made)


def setup(verb: str, word: str, by: str, **more: Any) -> Reply:
    """A call about an account, whose kind is told by its token or by its project."""
    token = {"authorization": f"Bearer ya29.{word}-1"} if by == "token" else {}
    named = {"cloudaicompanionProject": f"a-{word}-project"} if by == "project" else {}
    return post(f"/v1internal:{verb}", {**named, **more}, token)


@pytest.mark.parametrize("by", ["token", "project"])
def test_a_forbidden_account(by: str) -> None:
    for reply in (setup("loadCodeAssist", "forbidden", by), setup("onboardUser", "forbidden", by, tierId="x")):
        assert reply.status == 403
        assert value(reply)["error"]["status"] == "PERMISSION_DENIED"


def test_a_forbidden_project() -> None:
    assert post(CALL, {**wrapped(""), "project": "forbidden-1"}).status == 403
    assert post(CALL, wrapped(""), {"authorization": "Bearer forbidden"}).status == 200


def test_operations() -> None:
    headers = [(b"Authorization", b"Bearer forbidden")]
    assert respond("GET", b"/v1internal/operations/simulated", headers, b"").status == 403
    assert respond("GET", b"/v1internal/operations/other", [], b"").status == 404
    assert respond("POST", b"/v1internal/operations/simulated", [], b"{}").status == 405


@pytest.mark.parametrize(
    "verb", ["retrieveUserQuota", "listExperiments", "recordCodeAssistMetrics", "fetchAdminControls"]
)
def test_what_gemini_cli_asks_on_the_way(verb: str) -> None:
    assert post(f"/v1internal:{verb}", {"any": json.dumps(verb)}).status == 200
