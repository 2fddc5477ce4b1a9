"""What pydantic found, said in terms of what the user wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ccproxy.config.document import dotted
from ccproxy.config.errors import Problem, nearest
from ccproxy.config.layers import PREFIX, Layer, ValueLayer, find_place

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

SECRET_KEYS = frozenset({"auth", "web_password", "billing"})
"""Values under these are never repeated in a message."""

MESSAGES: dict[str, str] = {
    "missing": "is required",
    "string_type": "should be text, but is {is}",
    "int_type": "should be a whole number, but is {is}",
    "float_type": "should be a number, but is {is}",
    "bool_type": "should be true or false, but is {is}",
    "list_type": "should be a list, but is {is}",
    "dict_type": "should be a mapping, but is {is}",
    "model_type": "should be a mapping, but is {is}",
    "literal_error": "should be {expected}, but is {is}",
    "greater_than": "should be more than {gt}, but is {is}",
    "greater_than_equal": "should be at least {ge}, but is {is}",
    "less_than": "should be less than {lt}, but is {is}",
    "less_than_equal": "should be at most {le}, but is {is}",
    "finite_number": "should be a finite number, but is {is}",
    "string_too_short": "should not be empty",
    "unknown_key": "is not a known key",
    "rule": "{message}",
}
TEXT_WANTED = frozenset({"string_type", "literal_error"})


def problems(error: ValidationError, layers: list[Layer]) -> Iterator[Problem]:
    """Each error with the place where its value was written, and what to do."""
    for details in error.errors(include_url=False):
        path = details["loc"]
        place = find_place(layers, path)
        yield Problem(*place, dotted(path), _message(details), _hint(details, from_environment=place.line is None))


def texts_taken_for_values(error: ValidationError, layers: list[Layer]) -> list[ValueLayer]:
    """The environment variables whose text reads as a number or the like, but whose key wants text."""
    wanted = {details["loc"] for details in error.errors(include_url=False) if details["type"] in TEXT_WANTED}
    return [layer for layer in layers if isinstance(layer, ValueLayer) and layer.raw and layer.path in wanted]


def _message(details: ErrorDetails) -> str:
    template = MESSAGES.get(details["type"])
    if template is None:
        return details["msg"]
    known = {"is": _shown(details["input"], details["loc"]), **details.get("ctx", {})}
    return template.format_map(known)


def _shown(value: object, path: tuple[int | str, ...]) -> str:
    """A value as its writer knows it; its kind only, if it may be a secret or is long."""
    kind = next(name for types, name in _KINDS if isinstance(value, types))
    if isinstance(value, dict | list) or value is None:
        return kind
    if not SECRET_KEYS.isdisjoint(path) or len(str(value)) > 60:
        return f"{kind} of another kind"
    return f"the text {value!r}" if isinstance(value, str) else str(value).lower()


_KINDS: tuple[tuple[Any, str], ...] = (
    (dict, "a mapping"),
    (list, "a list"),
    (str, "a text"),
    (bool, "true or false"),
    (int | float, "a number"),
    (type(None), "nothing"),
    (object, "something else"),
)


def _hint(details: ErrorDetails, *, from_environment: bool) -> str:
    advise = _ADVICE.get(details["type"])
    context = details.get("ctx", {})
    return advise(details, from_environment) if advise else str(context.get("hint", ""))


def _on_unknown(details: ErrorDetails, from_environment: bool) -> str:
    context, path = details["ctx"], details["loc"]
    if context["retired"]:
        return str(context["retired"])
    if name := nearest(str(path[-1]), context["known"]):
        spelled = PREFIX + "__".join(map(str, (*path[:-1], name))).upper() if from_environment else name
        return f"did you mean {spelled!r}?"
    return f"known here: {', '.join(context['known'])}"


def _on_literal(details: ErrorDetails, _: bool) -> str:
    choices = details["ctx"]["expected"].replace(" or ", ", ").split(", ")
    name = nearest(str(details["input"]), [choice.strip("'") for choice in choices])
    return f"did you mean {name!r}?" if name else ""


def _on_number(details: ErrorDetails, _: bool) -> str:
    return "remove the quotes" if _is_number(details["input"]) else ""


def _on_text(details: ErrorDetails, _: bool) -> str:
    return "put it in quotes" if isinstance(details["input"], bool | int | float) else ""


def _on_list(details: ErrorDetails, _: bool) -> str:
    return "begin each item with '- '" if not isinstance(details["input"], dict) else ""


def _on_mapping(details: ErrorDetails, _: bool) -> str:
    return f"write 'key: value' lines under {details['loc'][-1]}" if details["loc"] else ""


def _on_missing(details: ErrorDetails, _: bool) -> str:
    return "add it"


def _is_number(value: object) -> bool:
    try:
        return isinstance(value, str) and float(value) is not None
    except ValueError:
        return False


_ADVICE: dict[str, Callable[[Any, bool], str]] = {
    "unknown_key": _on_unknown,
    "literal_error": _on_literal,
    "int_type": _on_number,
    "float_type": _on_number,
    "string_type": _on_text,
    "list_type": _on_list,
    "dict_type": _on_mapping,
    "model_type": _on_mapping,
    "missing": _on_missing,
}
