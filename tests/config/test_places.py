"""A configuration knows where its values were written, and is otherwise a value like any other."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

from ccproxy.config import Config
from tests.config.conftest import Load

TEXT = """
    ccproxy:
      port: 4001
      hooks:
        inbound:
          - a
          - hook: b
            params: {limit: 3, words: [x, y]}
"""


def test_where_a_value_was_written(load: Load, tmp_path: Path) -> None:
    config = load(TEXT, {"CCPROXY_HOOKS__TIMEOUT_SECONDS": "3"}, port=4002)
    places = {
        ("hooks", "inbound", 0): "6:9",
        ("hooks", "inbound", 1): "7:9",
        ("hooks", "inbound", 1, "params"): "8:9",
        ("hooks", "inbound", 1, "params", "words", 1): "8:39",
        ("hooks", "inbound", 1, "params", "nothing"): "8:9",
        ("otel", "endpoint"): "2:1",
    }
    assert {path: str(config.place(path)) for path in places} == {
        path: f"{tmp_path}/ccproxy.yaml:{place}" for path, place in places.items()
    }
    assert str(config.place(("hooks", "timeout_seconds"))) == "CCPROXY_HOOKS__TIMEOUT_SECONDS"
    assert str(config.place(("port",))) == "--port"
    assert str(load(TEXT).place(("hooks", "outbound", 0))) == f"{tmp_path}/ccproxy.yaml:4:3"


def test_a_variable_that_was_read_as_text_after_all(load: Load) -> None:
    config = load("", {"CCPROXY_OTEL__SERVICE_NAME": "true"})
    assert str(config.place(("otel", "service_name"))) == "CCPROXY_OTEL__SERVICE_NAME"


def test_what_was_not_loaded_was_written_nowhere() -> None:
    assert str(Config().place(("port",))) == ""


def test_places_do_not_tell_configurations_apart(load: Load) -> None:
    config = load(TEXT)
    assert load(f"# a comment\n{TEXT}") == config
    assert load(TEXT.replace("4001", "4003")) != config


def test_copies_are_equal_and_know_their_places(load: Load) -> None:
    config = load(TEXT)
    path = ("hooks", "inbound", 1)
    for made in (config.model_copy(), config.model_copy(deep=True), copy.copy(config), copy.deepcopy(config)):
        assert made == config
        assert made.place(path) == config.place(path)
    changed = config.model_copy(update={"port": 5})
    assert (changed.port, changed.place(path)) == (5, config.place(path))


def test_a_pickled_one_is_equal_but_forgets(load: Load) -> None:
    config = load(TEXT)
    again = pickle.loads(pickle.dumps(config))
    assert again == config
    assert (again.base_dir, str(again.place(("port",)))) == (config.base_dir, "")


def test_places_are_not_in_what_is_dumped(load: Load) -> None:
    assert load(TEXT).model_dump() == load("# a comment\n" + TEXT).model_dump()
    assert "Places" not in repr(load(TEXT))
