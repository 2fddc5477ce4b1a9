"""Whatever stands in a request's fields: it is read, or refused by name. Nothing else may be raised."""

import copy
from collections.abc import Iterator

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.openai_responses.request import dump, load
from tests.lightllm.openai_responses.test_request_round_trip import REQUEST

WRONG = [
    None, True, 5, -1, 1.5, "", "x", "data:image/png;base64,???", [], [[]], [None], {}, {"a": 1}, {"type": []},
    [{"type": 5}], [{"type": "input_text", "text": 3}], {"url": {}},
]  # fmt: skip


def places(value: object, path: tuple = ()) -> Iterator[tuple]:
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, (*path, key))


PLACES = list(places(REQUEST))


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(WRONG)), min_size=1, max_size=3))
def test_wrong_values_anywhere(changes):
    document = copy.deepcopy(REQUEST)
    for path, value in changes:
        target = document
        try:
            for key in path[:-1]:
                target = target[key]
            if isinstance(target, dict) is isinstance(path[-1], str):
                target[path[-1]] = copy.deepcopy(value)
        except (KeyError, IndexError, TypeError):
            continue  # another change has taken the place away
    try:
        call = load(document, None, None)
    except InvalidCall:
        return
    orjson.dumps(dump(call))
