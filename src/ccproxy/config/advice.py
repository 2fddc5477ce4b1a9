"""What to do about a problem of the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccproxy.config.errors import dotted, nearest
from ccproxy.config.section import Section
from ccproxy.config.value_layers import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic_core import ErrorDetails

    from ccproxy.config.errors import KeyPath, Place


def advice(details: ErrorDetails, place: Place) -> str:
    """A short imperative, or a question; empty where the message says it all."""
    advise = _ADVICE.get(details["type"])
    return advise(details, place) if advise else str(details.get("ctx", {}).get("hint", ""))


def _unknown_key(details: ErrorDetails, place: Place) -> str:
    *block, key = details["loc"]
    context = details["ctx"]
    if context["retired"]:
        return str(context["retired"])
    homes = [path for path in _paths_of(str(key)) if path[:-1] != tuple(block)]
    if len(homes) == 1:
        return f"did you mean {_spelled(homes[0], place)}?"
    if name := nearest(str(key), context["known"]):
        return f"did you mean {_spelled((*block, name), place) if place.line is None else name}?"
    return f"known here are {', '.join(context['known'])}"


def _paths_of(key: str) -> Iterator[KeyPath]:
    """Where in the whole schema there is a key of this name, maps with free names left out."""
    from ccproxy.config.schema import Config

    yield from _search(Config, key, ())


def _search(section: type[Section], key: str, above: KeyPath) -> Iterator[KeyPath]:
    for name, field in section.model_fields.items():
        if name == key:
            yield (*above, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from _search(field.annotation, key, (*above, name))


def _spelled(path: KeyPath, place: Place) -> str:
    """A key as one writes it at that place."""
    if place.line is not None:
        return dotted(path)
    if place.file.startswith("--"):
        return "--" + "-".join(map(str, path)).replace("_", "-")
    return PREFIX + "__".join(map(str, path)).upper()


def _literal(details: ErrorDetails, _: Place) -> str:
    choices = details["ctx"]["expected"].replace(" or ", ", ").split(", ")
    guess = nearest(str(details["input"]), [choice.strip("'") for choice in choices])
    return f"did you mean {guess}?" if guess else ""


def _number(details: ErrorDetails, _: Place) -> str:
    try:
        return "remove the quotes" if isinstance(details["input"], str) and float(details["input"]) else ""
    except ValueError:
        return ""


def _text(details: ErrorDetails, place: Place) -> str:
    return "put it in quotes" if place.line is not None and isinstance(details["input"], bool | int | float) else ""


def _list(details: ErrorDetails, _: Place) -> str:
    return "" if isinstance(details["input"], dict) else "begin each item with '- '"


def _mapping(details: ErrorDetails, place: Place) -> str:
    return f"write 'key: value' lines under {details['loc'][-1]!r}" if place.line is not None else ""


def _missing(_: ErrorDetails, __: Place) -> str:
    return "add it"


_ADVICE: dict[str, Callable[[ErrorDetails, Place], str]] = {
    "unknown_key": _unknown_key,
    "literal_error": _literal,
    "int_type": _number,
    "float_type": _number,
    "string_type": _text,
    "list_type": _list,
    "dict_type": _mapping,
    "model_type": _mapping,
    "missing": _missing,
}
