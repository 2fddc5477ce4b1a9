"""What pydantic found, said in terms of what the user wrote."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ccproxy.config.advice import advice
from ccproxy.config.errors import Problem, dotted
from ccproxy.config.providers import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from ccproxy.config.errors import KeyPath, Place

SECRET_KEYS = frozenset({"auth", "web_password", "billing"})
"""Values under these are never repeated in a message."""
SECRET_NAME = re.compile(r"key|token|secret|passw|credential", re.IGNORECASE)
"""Nor those of a hook's parameters that have such names."""
WAY_KEYS = frozenset({"auth", "host", "base_url"})
"""Keys of a provider that say where it is, and by what it knows its user."""
CREDENTIAL_BLOCKS = (("auth",), ("mcp", "http", "auth"), ("inspector", "mitmproxy", "web_password"))
MAX_SHOWN = 60
"""Longer values are not repeated either."""

MESSAGES: dict[str, str] = {
    "missing": "is required",
    "string_type": "should be text, but is {is}",
    "int_type": "should be a whole number, but is {is}",
    "int_parsing": "should be a whole number, but is {is}",
    "int_from_float": "should be a whole number, but is {is}",
    "float_type": "should be a number, but is {is}",
    "float_parsing": "should be a number, but is {is}",
    "bool_type": "should be true or false, but is {is}",
    "bool_parsing": "should be true or false, but is {is}",
    "list_type": "should be a list, but is {is}",
    "dict_type": "should be a mapping, but is {is}",
    "model_type": "should be a mapping, but is {is}",
    "literal_error": "should be {expected}, but is {is}",
    "enum": "should be {expected}, but is {is}",
    "greater_than": "should be more than {gt}, but is {is}",
    "greater_than_equal": "should be at least {ge}, but is {is}",
    "less_than": "should be less than {lt}, but is {is}",
    "less_than_equal": "should be at most {le}, but is {is}",
    "finite_number": "should be a finite number, but is {is}",
    "string_too_short": "should not be empty",
    "too_short": "should not be empty",
    "string_unicode": "should be text in UTF-8",
    "unknown_key": "is not a known key",
    "extra_forbidden": "is not a known key",
    "value_error": "{error}",
    "assertion_error": "{error}",
    "rule": "{message}",
}
"""By pydantic's error type (https://docs.pydantic.dev/latest/errors/validation_errors/) or ours."""

KINDS: tuple[tuple[type, str], ...] = (
    (dict, "a mapping"),
    (list, "a list"),
    (bool, "true or false"),
    (str, "text"),
    (int, "a number"),
    (float, "a number"),
    (type(None), "nothing"),
)


def problems(error: ValidationError, place_of: Callable[[KeyPath], Place], above: KeyPath = ()) -> Iterator[Problem]:
    """Each error with the place where its value was written, and what to do.

    Args:
        error: what pydantic found.
        place_of: says where the value at a path was written.
        above: the path of what was validated, if that is not the whole configuration.
    """
    for details in error.errors(include_url=False):
        details["loc"] = (*above, *details["loc"])
        place = place_of(details["loc"])
        message = _message(details)
        credential = _is_of_a_credential(details["loc"], message)
        yield Problem(*place, dotted(details["loc"]), message, advice(details, place), credential)


def _message(details: ErrorDetails) -> str:
    template = MESSAGES.get(details["type"])
    if template is None:
        return _on_one_line(details["msg"])
    known = {"is": _shown(details["input"], details["loc"]), **details.get("ctx", {})}
    return _on_one_line(template.format_map(known))


def _is_of_a_credential(path: KeyPath, message: str) -> bool:
    """True for a problem of a credential, and of the place of a provider, to which the credential belongs."""
    match path:
        case ("providers", _):
            return message == NOWHERE
        case ("providers", _, key, *_):
            return key in WAY_KEYS
    return any(path[: len(block)] == block for block in CREDENTIAL_BLOCKS)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _shown(value: Any, path: tuple[int | str, ...]) -> str:
    """A value as its writer knows it; only its kind, if it is long or may be a secret."""
    kind = next((name for type_, name in KINDS if isinstance(value, type_)), "something else")
    if isinstance(value, dict | list) or value is None or _is_secret(path):
        return kind
    text = f"the text {value!r}" if isinstance(value, str) else str(value).lower()
    return text if len(text) <= MAX_SHOWN else kind


def _is_secret(path: tuple[int | str, ...]) -> bool:
    names = path[path.index("params") :] if "params" in path else ()
    return not SECRET_KEYS.isdisjoint(path) or any(SECRET_NAME.search(str(name)) for name in names)
