"""Vertex AI as an ordinary Gemini provider: a service account's key, its tokens, and every SDK."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from google import genai

from tests.sdk.speakers import CLASSES, all_speakers
from tests.sdk.speakers.question import Question, Speaker
from tests.support.crossing import ask_across
from tests.support.daemon import Daemon
from tests.support.dialects import DIALECTS, Dialect
from tests.support.google_cloud import AUDIENCE, EMAIL, SCOPE, TokenEndpoint, service_account, written
from tests.support.replies import json_reply
from tests.support.simulated import simulated
from tests.support.upstream import Recorded, Step, Upstream

MODELS = "/v1/projects/made-up/locations/{}/publishers/google/models/"
PATH = re.compile(MODELS.format("(europe-west4|global)") + r"([\w.-]+):(\w+)(\?alt=sse)?")
REFUSED = {"error": {"code": 401, "message": "Request had invalid authentication.", "status": "UNAUTHENTICATED"}}
ABSENT = {"error": {"code": 404, "message": "Not here.", "status": "NOT_FOUND"}}
WAYS = pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
SDKS = pytest.mark.parametrize("sdk", CLASSES)


@dataclass
class Office:
    """A daemon before Vertex AI: the provider `gemini` in a region, `vertex` everywhere at once, others that fail."""

    daemon: Daemon
    endpoint: TokenEndpoint
    tokens: Upstream
    google: Upstream
    folder: Path


def guarded(endpoint: TokenEndpoint) -> Any:
    """Vertex AI's paths, for who has a token; behind them is the simulator."""

    def script(request: Recorded) -> Iterable[Step]:
        found = PATH.fullmatch(request.target.decode())
        if not endpoint.takes(request.field("authorization")):
            return json_reply(REFUSED, 401)(request)
        if found is None:
            return json_reply(ABSENT, 404)(request)
        _, model, action, query = found.groups()
        return simulated(replace(request, target=f"/v1beta/models/{model}:{action}{query or ''}".encode()))

    return script


def keys(folder: Path, token_uri: str) -> dict[str, Path]:
    """Files by the name of the provider that has them."""
    (folder / "unreadable").mkdir()
    (folder / "garbled").write_text('{"type": "service_account", "private_key": "-----BEGIN')
    whole = service_account(token_uri)
    return {
        "gemini": written(folder / "key", whole | {"quota_project_id": "pays"}),
        "missing": folder / "missing",
        "garbled": folder / "garbled",
        "unreadable": folder / "unreadable",
        "halved": written(folder / "halved", whole | {"private_key": whole["private_key"][:200]}),
        "strange": written(folder / "strange", whole | {"client_email": "somebody@else.example.com"}),
    }


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    endpoint, folder = TokenEndpoint(), tmp_path_factory.mktemp("keys")
    tokens, google = Upstream(endpoint.script), Upstream(guarded(endpoint))
    regional = {"type": "gemini", "base_url": google.url, "path": MODELS.format("europe-west4") + "{model}:{action}"}
    files = keys(folder, f"{tokens.url}/token")
    providers = {name: regional | {"auth": {"type": "google_auth", "file": str(file)}} for name, file in files.items()}
    everywhere = {"type": "vertex_ai", "path": MODELS.format("global") + "{model}:{action}"}
    config = {
        "providers": providers | {"vertex": everywhere | {"base_url": google.url, "auth": {"type": "google_auth"}}}
    }
    try:
        with Daemon(config, {"GOOGLE_APPLICATION_CREDENTIALS": str(files["gemini"])}) as daemon:
            yield Office(daemon, endpoint, tokens, google, folder)
    finally:
        tokens.stop()
        google.stop()


@pytest.fixture(scope="module")
def speakers(office: Office) -> Iterator[dict[str, Speaker]]:
    with all_speakers(office.daemon.url) as made:
        yield made


@pytest.fixture(autouse=True)
def afresh(office: Office) -> None:
    office.google.forget()
    office.endpoint.claims.clear()


@SDKS
@WAYS
def test_a_turn_and_a_tool_turn(office: Office, speakers: dict[str, Speaker], sdk: str, streamed: bool) -> None:
    speaker = speakers[sdk]

    def said(request: dict[str, Any]) -> Any:
        return speaker.stream("gemini", request, []) if streamed else speaker.ask("gemini", request)

    assert "hello there" in said(speaker.request(Question("hello there", model="gemini-2.5-pro"))).text
    asked = speaker.request(Question('SIM_TOOL look_up {"city": "Bern", "days": 2}', "gemini-2.5-pro", tools=True))
    answer = said(asked)
    (call,) = answer.calls
    assert (call.name, call.arguments) == ("look_up", {"city": "Bern", "days": 2})
    assert "sunny all day" in said(speaker.go_on(asked, answer, [(call, "sunny all day")])).text
    action = "streamGenerateContent?alt=sse" if streamed else "generateContent"
    place = MODELS.format("europe-west4")
    assert {seen.target.decode() for seen in office.google.requests} == {f"{place}gemini-2.5-pro:{action}"}
    for seen in office.google.requests:
        assert office.endpoint.takes(seen.field("authorization"))
        assert seen.field("x-goog-user-project") == b"pays"
        assert (seen.field("x-goog-api-key"), seen.field("x-api-key")) == (None, None)


@WAYS
def test_a_client_that_is_set_to_vertex_ai(office: Office, streamed: bool) -> None:
    """With an API key it names no project: that of the provider counts."""
    with genai.Client(
        vertexai=True, api_key="sk-ant-oat-ccproxy-gemini", http_options={"base_url": office.daemon.url}
    ) as client:
        asked = {"model": "gemini-2.5-pro", "contents": "SIM_ECHO hello there"}
        if streamed:
            said = "".join(piece.text or "" for piece in client.models.generate_content_stream(**asked))
        else:
            said = client.models.generate_content(**asked).text or ""
    assert "hello there" in said
    (seen,) = office.google.requests
    assert seen.target.decode().startswith(MODELS.format("europe-west4") + "gemini-2.5-pro:")


def test_the_assertion_is_as_google_wants_it(office: Office) -> None:
    """The endpoint has checked signature, receiver, scope and time of each, or it would have given no token."""
    office.endpoint.take_back()
    assert ask_across(office.daemon, "gemini", "gemini").status == 200
    (said,) = office.endpoint.claims
    assert (said["iss"], said["aud"], said["scope"]) == (EMAIL, AUDIENCE, SCOPE)


@WAYS
@pytest.mark.parametrize("dialect", DIALECTS, ids=[dialect.name for dialect in DIALECTS])
def test_a_token_that_is_refused_is_renewed(office: Office, dialect: Dialect, streamed: bool) -> None:
    assert ask_across(office.daemon, dialect.name, "gemini").status == 200
    office.endpoint.take_back()
    office.google.forget()
    answer = ask_across(office.daemon, dialect.name, "gemini", stream=streamed)
    assert (answer.status, answer.complete) == (200, True), answer
    assert len(office.google.requests) == 2
    assert len(office.endpoint.claims) <= 2


def test_the_global_endpoint_with_what_the_environment_names(office: Office) -> None:
    answer = ask_across(office.daemon, "openai", "vertex", {"model": "gemini-2.5-flash"})
    assert answer.status == 200
    (seen,) = office.google.requests
    assert seen.target.decode() == MODELS.format("global") + "gemini-2.5-flash:generateContent"
    assert office.endpoint.takes(seen.field("authorization"))


def test_counting(office: Office) -> None:
    answer = ask_across(office.daemon, "gemini", "gemini")
    counted = office.daemon.ask(
        "POST",
        "/v1beta/models/gemini-2.5-pro:countTokens",
        [(b"x-goog-api-key", b"sk-ant-oat-ccproxy-gemini")],
        b'{"contents": [{"role": "user", "parts": [{"text": "one two"}]}]}',
    )
    assert (answer.status, counted.status) == (200, 200)
    assert counted.json()["totalTokens"] > 0


def test_there_is_no_list_of_models_and_none_is_made_up(office: Office) -> None:
    answer = office.daemon.ask("GET", "/v1/models?refresh=true")
    assert (answer.status, answer.json()["data"]) == (200, [])


CAUSES = {
    "missing": "{file} does not exist; name another `file`, or log in with `gcloud auth application-default login`",
    "garbled": "{file} is not JSON, or not all of it is there",
    "unreadable": "{file} cannot be read: Is a directory",
    "halved": "{file} cannot be used: it is garbled (ValueError)",
    "strange": "{file}: no access token could be had: invalid_grant: Invalid claims",
}


@pytest.mark.parametrize("provider", CAUSES)
@pytest.mark.parametrize("dialect", DIALECTS, ids=[dialect.name for dialect in DIALECTS])
def test_a_key_that_is_none_is_told_with_its_file(office: Office, dialect: Dialect, provider: str) -> None:
    answer = ask_across(office.daemon, dialect.name, provider)
    message = dialect.error(answer, 401)
    assert CAUSES[provider].format(file=office.folder / provider) in message
    assert repr(provider) in message
    assert office.google.requests == []


def test_how_they_stand(office: Office) -> None:
    ask_across(office.daemon, "gemini", "gemini")
    told = {each["provider"]: each for each in office.daemon.control("GET", "/auth")["credentials"]}
    good = told["gemini"]
    assert (good["type"], good["usable"], good["refreshable"], good["error"]) == ("google_auth", True, True, None)
    assert good["where"] == str(office.folder / "key")
    assert good["expires"]
    assert told["vertex"]["where"] == good["where"]
    assert not any(told[name]["usable"] for name in ("missing", "garbled", "unreadable", "halved"))


def test_getting_one_anew(office: Office) -> None:
    told = {each["provider"]: each for each in office.daemon.control("POST", "/auth/refresh")["credentials"]}
    assert set(told) == {"gemini", "vertex", *CAUSES}
    assert told["vertex"]["outcome"] in ("refreshed", "recent")
    assert (told["missing"]["outcome"], "does not exist" in told["missing"]["error"]) == ("failed", True)
    assert (
        told["garbled"]["advice"]
        == "put a service account's key there, or what `gcloud auth application-default login` writes"
    )


def test_nothing_of_a_key_or_a_token_is_told(office: Office) -> None:
    shown = office.daemon.output + str(office.daemon.control("GET", "/flows?limit=40"))
    assert "ya29." not in shown
    assert "PRIVATE KEY" not in shown
