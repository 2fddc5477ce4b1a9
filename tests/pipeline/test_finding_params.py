"""Parameters of hooks: what fits their models, and what is said where it does not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.config import ConfigError, load_config
from ccproxy.pipeline.settling import find_steps
from tests.pipeline.users import User, a_hook
from tests.support.examples import examples

MODEL = """
from enum import Enum
from typing import Literal
from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

class Inner(BaseModel, extra="allow"):
    depth: int = 0

class Params(BaseModel):
    limit: int = Field(10, lt=100)
    words: list[str] = Field(default_factory=list)
    mode: Literal["mask", "drop"] = "mask"
    kind: Enum("Kind", {"RED": "red"}) | None = None
    inner: Inner = Inner()
    api_key: SecretStr | None = Field(None, min_length=20)
    old: str = Field("", alias="former")

    @field_validator("words")
    @classmethod
    def no_empty_words(cls, words):
        if "" in words:
            raise ValueError("an empty word would\\nbe everywhere")
        return words

    @model_validator(mode="after")
    def whole(self):
        assert self.limit != 13, "13 brings bad luck"
        if self.limit == 66:
            raise LookupError("not a thing that pydantic expects")
        return self

"""


@pytest.fixture
def redact(user: User) -> User:
    user.has("redact.py", MODEL + a_hook("redact", params="Params"))
    return user


def test_the_hook_gets_an_instance_of_its_model(redact: User) -> None:
    redact.says("""
        inbound:
          - hook: redact
            params: {limit: 5, words: [a, b], inner: {any: thing}, former: x}
    """)
    params = {step.name: step.params for step in redact.steps()}["redact"]
    assert (type(params).__name__, params.limit, params.words, params.old) == ("Params", 5, ["a", "b"], "x")
    assert params.inner.any == "thing", "models inside of it decide for themselves"


def test_without_params_there_are_its_defaults(redact: User) -> None:
    assert {step.name: step.params for step in redact.steps()}["redact"].limit == 10
    redact.says("inbound: [redact]")
    assert {step.name: step.params for step in redact.steps()}["redact"].limit == 10


def test_a_hook_without_a_model_gets_none(user: User) -> None:
    user.has("a.py", a_hook("a"))
    assert user.steps()[-1].params is None


WRONG = [
    ("limit: abc", "6:18: hooks.inbound[1].params.limit: should be a whole number, but is the text 'abc'"),
    ("limit: 100", "6:18: hooks.inbound[1].params.limit: should be less than 100, but is 100"),
    ("limit: [1]", "6:18: hooks.inbound[1].params.limit: should be a whole number, but is a list"),
    ("limit: 1.5", "6:18: hooks.inbound[1].params.limit: should be a whole number, but is 1.5"),
    ("limt: 1", "6:18: hooks.inbound[1].params.limt: is not a known key; did you mean limit?"),
    ("x: 1", "6:18: hooks.inbound[1].params.x: is not a known key; known are limit, words, mode, kind, inner, api_key"),
    (
        "mode: mas",
        "6:18: hooks.inbound[1].params.mode: should be 'mask' or 'drop', but is the text 'mas'; did you mean",
    ),
    ("kind: blue", "6:18: hooks.inbound[1].params.kind: should be 'red', but is the text 'blue'"),
    ("words: [a, 2]", "6:29: hooks.inbound[1].params.words[1]: should be text, but is 2; put it in quotes"),
    (
        "words: a",
        "6:18: hooks.inbound[1].params.words: should be a list, but is the text 'a'; begin each item with '- '",
    ),
    ("words: ['']", "6:18: hooks.inbound[1].params.words: an empty word would be everywhere"),
    ("limit: 13", "6:9: hooks.inbound[1].params: 13 brings bad luck"),
    ("limit: 66", "5:9: hooks.inbound[1]: the params of hook redact cannot be checked: LookupError: not a thing that"),
    ("inner: {depth: a}", "6:26: hooks.inbound[1].params.inner.depth: should be a whole number, but is the text 'a'"),
    ("inner: 3", "6:18: hooks.inbound[1].params.inner: "),
]


@pytest.mark.parametrize(("written", "expected"), WRONG, ids=[written for written, _ in WRONG])
def test_what_does_not_fit_is_said_with_its_place(redact: User, written: str, expected: str) -> None:
    redact.says(f"""
        inbound:
          - ccproxy.hooks.extract_session_id
          - hook: redact
            params: {{{written}}}
    """)
    (said,) = redact.complaints()
    assert said.startswith(f"ccproxy.yaml:{expected}")


def test_a_failing_validator_is_found_in_its_file(redact: User) -> None:
    redact.says("inbound: [{hook: redact, params: {limit: 66}}]")
    assert redact.complaints()[0].endswith("(hooks/redact.py:29:13)")


def test_everything_at_once(redact: User) -> None:
    redact.says("inbound: [{hook: redact, params: {limit: a, limt: 1, words: 3}}]")
    assert [line.split(": ")[1] for line in redact.complaints()] == [
        "hooks.inbound[0].params.limit",
        "hooks.inbound[0].params.limt",
        "hooks.inbound[0].params.words",
    ]


def test_secrets_are_not_repeated(redact: User) -> None:
    redact.says("inbound: [{hook: redact, params: {api_key: 123456}}]")
    (said,) = redact.complaints()
    assert "hooks.inbound[0].params.api_key" in said
    assert "123456" not in said


def test_a_hook_without_a_model_takes_none(user: User) -> None:
    user.has("a.py", a_hook("a"))
    user.says("inbound:\n  - hook: a\n    params: {x: 1}")
    assert user.complaints() == ["ccproxy.yaml:5:9: hooks.inbound[0].params: hook a takes no params; remove them"]


@pytest.mark.parametrize(("extra", "is_wrong"), [("allow", False), ("ignore", False), ("forbid", True)])
def test_what_a_model_says_itself_about_unknown_keys_counts(user: User, extra: str, is_wrong: bool) -> None:
    model = f"from pydantic import BaseModel\nclass Params(BaseModel, extra={extra!r}):\n    pass\n"
    user.has("a.py", model + a_hook("a", params="Params"))
    user.says("inbound: [{hook: a, params: {x: 1}}]")
    if is_wrong:
        place = "ccproxy.yaml:3:34: hooks.inbound[0].params.x"
        assert user.complaints() == [f"{place}: is not a known key; known are none"]
    else:
        assert user.own() == ["a"]


def test_what_must_be_given_must_be_listed(user: User) -> None:
    model = "from pydantic import BaseModel\nclass Params(BaseModel):\n    limit: int\n"
    user.has("a.py", model + a_hook("a", params="Params"))
    assert user.complaints() == [
        "hooks/a.py: hook a: params.limit: is required; list the hook under hooks.inbound with its params"
    ]
    user.says("inbound: [a]")
    assert user.complaints() == ["ccproxy.yaml:3:15: hooks.inbound[0].params.limit: is required; add it"]


def test_params_from_the_environment(redact: User) -> None:
    text = '[{"hook": "redact", "params": {"limit": "x"}}]'
    config = load_config(None, redact.base, {"CCPROXY_HOOKS__INBOUND": text, "CCPROXY_HOOKS__ENTRY_POINTS": "false"})
    with pytest.raises(
        ConfigError, match=r"^CCPROXY_HOOKS__INBOUND: hooks.inbound\[0\].params.limit: should be a whole"
    ):
        find_steps(config)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["limit", "words", "mode", "kind", "inner", "api_key", "former", "old"]) | st.text(max_size=5)


@given(params=st.dictionaries(NAMES, VALUES, max_size=4))
@settings(deadline=None, max_examples=examples(60))
def test_whatever_is_given_it_is_params_or_problems(
    tmp_path_factory: pytest.TempPathFactory, params: dict[str, object]
) -> None:
    user = User(tmp_path_factory.getbasetemp() / "any-params")
    user.has("redact.py", MODEL + a_hook("redact", params="Params"))
    config = load_config({"hooks.inbound": [{"hook": "redact", "params": params}]}, user.base, {})
    try:
        found = {step.name: step.params for step in find_steps(config).steps}
    except ConfigError as error:
        problems = error.problems
    else:
        assert type(found["redact"]).__name__ == "Params"
        return
    assert problems
    assert all(problem.key.startswith("hooks.inbound[0]") for problem in problems)
