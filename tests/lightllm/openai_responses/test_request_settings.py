"""Settings of a Responses request: read, written for the API, and what of them the API does not take."""

import pytest
from pydantic_ai.messages import ModelRequest, SystemPromptPart, UserPromptPart
from pydantic_ai.settings import ModelSettings

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall, OutputFormat, Reasoning
from ccproxy.lightllm.openai_responses.request import dump, load

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}


def read(**fields):
    return load({"model": "m", "input": "hi", **fields}, None, None)


def foreign(origin=WireFormat.ANTHROPIC, model="m", **fields):
    return ModelCall(origin, model, **fields)


def test_settings_are_read():
    call = read(
        max_output_tokens=100,
        temperature=0.5,
        top_p="0.9",
        parallel_tool_calls=False,
        service_tier="flex",
        prompt_cache_key="k",
        metadata={"a": "b"},
        top_logprobs=3,
        include=["message.output_text.logprobs"],
        safety_identifier="u",
    )
    assert call.settings == {"max_tokens": 100, "temperature": 0.5, "top_p": 0.9, "parallel_tool_calls": False}
    assert (call.service_tier, call.prompt_cache_key, call.metadata) == ("flex", "k", {"a": "b"})
    assert (call.top_logprobs, call.logprobs, call.user) == (3, True, "u")


def test_fields_without_a_place_are_extras_and_nulls_are_nothing():
    call = read(store=False, truncation="auto", previous_response_id=None, client_metadata={"x": 1})
    assert call.extras == {"truncation": "auto", "client_metadata": {"x": 1}}
    document = dump(call)
    assert (document["store"], document["truncation"], document["client_metadata"]) == (False, "auto", {"x": 1})


def test_what_every_api_does_anyway_is_not_counted_as_left_out():
    fields = {"store": False, "include": ["reasoning.encrypted_content"], "truncation": "disabled"}
    call = read(**fields)
    assert not call.extras
    assert {name: dump(call)[name] for name in fields} == fields
    other = {"store": True, "include": ["reasoning.encrypted_content", "file_search_call.results"]}
    assert read(**other).extras == other


def test_fields_within_fields_are_counted_by_their_names():
    call = read(reasoning={"effort": "low", "context": "auto"}, text={"beam": 1})
    assert call.extras == {"reasoning.context": "auto", "text.beam": 1}
    assert dump(call)["reasoning"] == {"effort": "low", "context": "auto"}
    assert dump(call)["text"] == {"beam": 1}


def test_a_service_tier_of_another_vendor():
    call = foreign(WireFormat.OPENAI, service_tier="on_demand")
    assert "service_tier" not in dump(call)
    assert call.drops.counts == {"service_tier": 1}


def test_extras_of_others_never_reach_the_body():
    """C15: foreign fields are counted, by name, and not pasted."""
    call = foreign(extras={"thinking": {"type": "enabled"}, "stream_options": {}})
    assert set(dump(call)) == {"model", "input", "store"}
    assert call.drops.counts == {"field.thinking": 1, "field.stream_options": 1}


@pytest.mark.parametrize("fields", [{"user": "u"}, {"safety_identifier": "u"}, {"user": "a", "safety_identifier": "b"}])
def test_the_user_goes_back_in_the_fields_it_came_in(fields):
    document = dump(read(**fields))
    assert {name: document[name] for name in ("user", "safety_identifier") if name in document} == fields


def test_a_long_user_is_hashed():
    document = dump(foreign(user="user_" + "f" * 100))
    assert len(document["safety_identifier"]) == 64
    assert dump(foreign(user="short"))["safety_identifier"] == "short"


@pytest.mark.parametrize(
    ("form", "output"),
    [
        ({"type": "json_object"}, OutputFormat()),
        (
            {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True, "description": "d"},
            OutputFormat(SCHEMA, "n", "d", True),
        ),
    ],
)
def test_structured_output_both_ways(form, output):
    call = read(text={"format": form, "verbosity": "low"})
    assert (call.output, call.verbosity) == (output, "low")
    assert dump(call)["text"] == {"format": form, "verbosity": "low"}
    assert dump(foreign(output=output))["text"] == {"format": form}


def test_the_json_mode_needs_the_word_in_the_input():
    """The API looks for it in the items, not in the instructions."""
    prompt = ModelRequest([SystemPromptPart("Use JSON."), UserPromptPart(["hi"])])
    said = dump(foreign(WireFormat.OPENAI, messages=[prompt], output=OutputFormat()))
    assert "instructions" not in said
    assert [item["content"] for item in said["input"]] == ["Use JSON.", "hi"]
    unsaid = dump(foreign(WireFormat.GEMINI, messages=[ModelRequest([UserPromptPart(["hi"])])], output=OutputFormat()))
    assert [item["role"] for item in unsaid["input"]] == ["system", "user"]
    assert "JSON" in unsaid["input"][0]["content"]


def test_schemas_of_others_are_not_made_strict_and_get_a_legal_name():
    form = dump(foreign(output=OutputFormat(SCHEMA, "my schema!")))["text"]["format"]
    assert (form["strict"], form["name"]) == (False, "my_schema_")


def test_formats_that_we_do_not_know_come_back():
    text = {"format": {"type": "grammar", "x": 1}}
    assert dump(read(text=text))["text"] == text


@pytest.mark.parametrize(
    ("wire", "reasoning"),
    [
        ({"effort": "high"}, Reasoning(effort="high")),
        ({"effort": "low", "summary": "auto"}, Reasoning(effort="low", visible=True, summary="auto")),
        ({"effort": "none"}, Reasoning(enabled=False)),
        ({"context": "all_turns"}, None),
        ({"effort": "low", "context": "auto"}, Reasoning(effort="low")),
    ],
)
def test_reasoning_both_ways(wire, reasoning):
    call = read(reasoning=wire)
    assert call.reasoning == reasoning
    assert dump(call)["reasoning"] == wire


@pytest.mark.parametrize(
    ("call", "wire"),
    [
        (foreign(reasoning=Reasoning(budget=10000)), {"effort": "medium", "summary": "auto"}),
        (foreign(reasoning=Reasoning(budget=31999)), {"effort": "high", "summary": "auto"}),
        (foreign(model="gpt-5.2", reasoning=Reasoning(effort="max")), {"effort": "xhigh", "summary": "auto"}),
        (foreign(reasoning=Reasoning(adaptive=True, visible=False)), {"effort": "medium"}),
        (foreign(WireFormat.OPENAI, reasoning=Reasoning(effort="minimal")), {"effort": "minimal"}),
        (foreign(WireFormat.GEMINI, reasoning=Reasoning(budget=-1)), {"effort": "medium"}),
        (
            foreign(WireFormat.GEMINI, reasoning=Reasoning(effort="minimal", visible=True)),
            {"effort": "low", "summary": "auto"},
        ),
    ],
)
def test_reasoning_of_others_is_what_models_take(call, wire):
    document = dump(call)
    assert document["reasoning"] == wire
    assert document["include"] == ["reasoning.encrypted_content"]


def test_thinking_is_switched_off_only_where_a_model_knows_how():
    off = Reasoning(enabled=False)
    assert dump(foreign(model="gpt-5.1", reasoning=off))["reasoning"] == {"effort": "none"}
    assert "reasoning" not in dump(foreign(model="gpt-4o", reasoning=off))
    assert "include" not in dump(foreign(model="gpt-5.1", reasoning=off))


def test_translated_requests_are_not_stored():
    assert dump(foreign())["store"] is False
    assert "store" not in dump(read())


def test_logprobs_are_asked_for():
    document = dump(foreign(WireFormat.OPENAI, logprobs=True, top_logprobs=2))
    assert (document["include"], document["top_logprobs"]) == (["message.output_text.logprobs"], 2)


def test_what_the_api_does_not_know_is_counted():
    """C16: no stop sequence and none of the other foreign settings breaks a request."""
    call = foreign(
        settings=ModelSettings(max_tokens=100, top_k=5, seed=1, stop_sequences=["a"], presence_penalty=0.0), choices=2
    )
    assert set(dump(call)) == {"model", "input", "store", "max_output_tokens"}
    assert call.drops.counts == {"sampling.top_k": 1, "sampling.seed": 1, "stop_sequences": 1, "choices": 1}


def test_no_stop_sequences_are_nothing_to_tell():
    """C16: `stop: []`."""
    call = foreign(settings=ModelSettings(stop_sequences=[]))
    dump(call)
    assert not call.drops


def test_the_least_output_that_the_api_takes():
    call = foreign(settings=ModelSettings(max_tokens=1))
    assert dump(call)["max_output_tokens"] == 16
    assert call.drops.counts == {"sampling.max_tokens": 1}


@pytest.mark.parametrize(
    ("model", "thinks", "kept"),
    [
        ("o4-mini", False, False),
        ("gpt-5-mini", False, False),
        ("gpt-5-chat-latest", False, True),
        ("gpt-5.1", False, True),
        ("gpt-5.1", True, False),
        ("gpt-4o", False, True),
        ("my-own-model", True, True),
    ],
)
def test_temperature_where_the_model_takes_it(model, thinks, kept):
    reasoning = Reasoning(effort="low") if thinks else None
    call = foreign(model=model, settings=ModelSettings(temperature=0.2), reasoning=reasoning)
    assert ("temperature" in dump(call)) is kept
    assert bool(call.drops) is not kept


def test_stream_is_asked_for():
    assert dump(foreign(stream=True))["stream"] is True
    assert "stream" not in dump(foreign())
