"""Shapes as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccproxy.shaping.shape import CREDENTIAL, HOST, LENGTH, MODEL, PROMPT_ID, REQUEST_ID, SESSION_ID

if TYPE_CHECKING:
    from ccproxy.cli.shapes.standing import Standing

MEANINGS = {
    CREDENTIAL: "the provider's credential",
    HOST: "the provider's host",
    LENGTH: "the length of the body",
    SESSION_ID: "an id of the session",
    REQUEST_ID: "an id of the request",
    PROMPT_ID: "an id of the prompt",
    MODEL: "the model that is asked for",
}
"""What is put in place of what stands in a shape."""
ORIGINS = {
    "capture": "captured from",
    "flow": "taken from a recorded flow of",
    "packaged": "packaged: names only",
    "file": "from a file, of",
}


def meant(text: str) -> str:
    """A value with what is filled in written plainly: `<the provider's host>`."""
    for placeholder, meaning in MEANINGS.items():
        text = text.replace(placeholder, f"<{meaning}>")
    return text


def meant_in(value: Any) -> Any:
    """The same for all strings in a JSON value."""
    if isinstance(value, str):
        return meant(value)
    if isinstance(value, list):
        return [meant_in(each) for each in value]
    if isinstance(value, dict):
        return {name: meant_in(each) for name, each in value.items()}
    return value


def origin(each: Standing) -> str:
    """Where a shape comes from, in a line."""
    known = each.provenance
    client = " ".join(filter(None, [known.client, known.version])) or "an unnamed client"
    told = [ORIGINS[known.source] if known.source == "packaged" else f"{ORIGINS[known.source]} {client}"]
    told += [f"on {each.day}"] if each.day else []
    told += [f"by {known.program}"] if known.program else []
    return " ".join(told)
