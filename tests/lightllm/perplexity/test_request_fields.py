"""The field `pplx` of a request."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.exchange import CLIENT_FORMATS, WireFormat
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.perplexity.own_fields import CHECKS
from tests.lightllm.perplexity.asking import MODEL, asked, assistant, chat, drops_of, params_of, system, user
from tests.support.conversations import TELLERS, Conversation

OWN: dict[str, Any] = {
    "language": "fr-FR",
    "timezone": "Europe/Paris",
    "search_focus": "writing",
    "sources": ["social"],
    "search_recency_filter": "DAY",
    "is_incognito": True,
    "skip_search_enabled": False,
    "is_nav_suggestions_disabled": False,
    "always_search_override": True,
    "override_no_search": True,
    "source": "mine",
    "frontend_context_uuid": "c1",
    "mentions": [{"id": 1}],
    "attachments": ["https://a.example/b"],
}


@pytest.mark.parametrize("name", OWN)
def test_what_the_client_says_goes_before_what_is_configured(name: str) -> None:
    params = params_of(chat(user("hi"), pplx={name: OWN[name]}), sources=["edgar"], search_recency_filter="YEAR")
    assert params[name] == OWN[name]


def test_null_leaves_things_as_they_are_but_for_how_old_pages_may_be() -> None:
    nothing = dict.fromkeys(CHECKS)
    params = params_of(chat(user("hi"), pplx=nothing), sources=["edgar"], search_recency_filter="YEAR")
    assert (params["sources"], params["search_recency_filter"]) == (["edgar"], None)
    assert params["query_source"] == "home"


def test_where_the_user_is() -> None:
    params = params_of(chat(user("hi"), pplx={"coordinates": {"latitude": 59.9, "longitude": 10.7}}))
    assert params["local_search_enabled"] is True
    assert params["client_coordinates"] == {"location_lat": 59.9, "location_lng": 10.7, "name": ""}


def test_a_question_in_a_space() -> None:
    params = params_of(chat(user("hi"), pplx={"space_uuid": "s1"}), is_incognito=True)
    told = ("query_source", "target_collection_uuid", "target_thread_access_level", "is_incognito")
    assert [params[name] for name in told] == ["collection", "s1", 1, False]


def test_a_client_may_know_its_thread() -> None:
    own = {"last_backend_uuid": "b1", "read_write_token": "t1", "frontend_context_uuid": "c1"}
    payload, _ = asked(chat(user("hi"), assistant("Hello."), user("Why?"), pplx=own))
    params = payload["params"]
    assert (payload["query_str"], params["dsl_query"]) == ("Why?", "Why?")
    assert {name: params[name] for name in own} == own
    assert params["query_source"] == "followup"
    assert drops_of(chat(system("Be brief."), user("Why?"), pplx=own)) == {"instructions": 1}


BAD: list[tuple[str, Any]] = [
    ("sources", "web"),
    ("sources", [1]),
    ("search_focus", "news"),
    ("search_focus", ["writing"]),
    ("search_recency_filter", "HOUR"),
    ("is_incognito", "yes"),
    ("is_incognito", 1),
    ("language", 7),
    ("mentions", {}),
    ("attachments", [None]),
    ("coordinates", [1, 2]),
    ("coordinates", {"latitude": 1}),
    ("coordinates", {"latitude": 91, "longitude": 0}),
    ("coordinates", {"latitude": True, "longitude": 0}),
    ("coordinates", {"latitude": "1", "longitude": 0}),
    ("space_uuid", {}),
    ("session_id", 5),
    ("sources", []),
    ("sources", ["Web"]),
    ("sources", ["web", ""]),
    ("sources", ["web", "schollar"]),
    ("source", ["web"]),
    ("source", "web"),
    ("source", "scholars"),
    ("source", ""),
    ("language", ""),
    ("language", "en_US"),
    ("timezone", ""),
    ("timezone", "Europe/Berln"),
    ("timezone", "../zone.tab"),
    ("timezone", "Europe"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_wrong_type_is_named(name: str, value: Any) -> None:
    with pytest.raises(InvalidCall, match=f"pplx.{name}: .* is expected") as raised:
        asked(chat(user("hi"), pplx={name: value}))
    assert raised.value.param == f"pplx.{name}"


@pytest.mark.parametrize("value", ["x", [], 1, False])
def test_the_field_itself_is_an_object(value: Any) -> None:
    with pytest.raises(InvalidCall, match="pplx: an object is expected"):
        asked(chat(user("hi"), pplx=value))


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("sources", "web", '["web"]'),
        ("sources", ["web", "schollar"], "scholar"),
        ("source", ["scholar"], "pplx.sources"),
        ("source", "web", "pplx.sources"),
        ("search_recency_filter", "week", "WEEK"),
        ("search_focus", "write", "writing"),
        ("timezone", "Europe/Berln", "Europe/Berlin"),
        ("timezone", "europe/paris", "Europe/Paris"),
    ],
)
def test_what_was_meant_is_told(name: str, value: Any, meant: str) -> None:
    with pytest.raises(InvalidCall) as raised:
        asked(chat(user("hi"), pplx={name: value}))
    assert str(raised.value).endswith(f"; did you mean {meant}?")


def test_sources_of_ones_own_are_passed_on() -> None:
    assert params_of(chat(user("hi"), pplx={"sources": ["web", "my_drive"]}))["sources"] == ["web", "my_drive"]


def test_members_that_there_are_not() -> None:
    with pytest.raises(InvalidCall, match=r"pplx\.serach_focus: .*did you mean search_focus") as no:
        asked(chat(user("hi"), pplx={"serach_focus": "writing"}))
    assert no.value.param == "pplx.serach_focus"
    assert all(name in str(no.value) for name in CHECKS)
    with pytest.raises(InvalidCall, match="there is no such member; there are ") as no:
        asked(chat(user("hi"), pplx={"\n" + "x" * 999: None}))
    assert len(str(no.value)) < 999
    assert "\n" not in str(no.value)


# -- where an answer is to be

PLACES: dict[str, dict[str, Any]] = {
    "incognito": {"is_incognito": True},
    "space": {"space_uuid": "s1"},
    "thread": {"session_id": "t1"},
    "own": {"last_backend_uuid": "b1"},
}


@pytest.mark.parametrize(
    ("one", "other"), [("incognito", "space"), ("incognito", "thread"), ("incognito", "own"), ("space", "thread")]
)
def test_an_answer_is_not_in_two_places(one: str, other: str) -> None:
    """Whichever of them is left out without a word: it is not what the client asked for."""
    with pytest.raises(InvalidCall, match="exclude each other"):
        asked(chat(user("hi"), pplx=PLACES[one] | PLACES[other]))


@pytest.mark.parametrize("client", CLIENT_FORMATS)
def test_a_thread_may_be_named_in_the_metadata(client: WireFormat) -> None:
    document = TELLERS[client](Conversation("", [], ["hi"]))
    own = {"model": MODEL, "metadata": {"session_id": "t1"}, "pplx": {"is_incognito": True}}
    with pytest.raises(InvalidCall, match=r"is_incognito, .* and a thread that is named"):
        asked(document | own, client)


def test_neither_is_in_the_way_of_the_other_where_it_says_nothing() -> None:
    own = {"is_incognito": False, "space_uuid": "s1", "session_id": " "}
    assert params_of(chat(user("hi"), pplx=own), is_incognito=True)["query_source"] == "collection"
    assert params_of(chat(user("hi"), pplx={"session_id": "t1"}), is_incognito=True)["query_source"] == "home"


def test_a_thread_that_is_asked_for_is_no_loss() -> None:
    assert drops_of(chat(user("hi"), pplx={"session_id": "s"}, metadata={"session_id": "s"})) == {}
    assert drops_of(chat(user("hi"), metadata={"session_id": "s", "team": "t"})) == {"metadata": 1}
