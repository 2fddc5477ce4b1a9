"""A shape made ready: what is known of it before there is a request is worked out once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import unquote_to_bytes

from ccproxy.config.shaping import ShapeProfile
from ccproxy.exchange import Headers
from ccproxy.shaping.holes import has_hole
from ccproxy.shaping.merge import REPLACE, Strategy, strategy
from ccproxy.shaping.shape import CREDENTIAL, PROMPT_ID, REQUEST_ID, SESSION_ID, Body, Shape, product
from ccproxy.shaping.shape_hooks import Bound

IDS = frozenset({SESSION_ID, REQUEST_ID, PROMPT_ID})
OWN = (
    "model", "stream", "messages", "input", "contents", "tools", "tool_choice", "toolConfig", "tool_config",
    "max_tokens", "max_completion_tokens", "max_output_tokens", "temperature", "top_p", "top_k", "stop",
    "stop_sequences", "generationConfig", "generation_config",
)  # fmt: skip
"""Members that are the caller's whatever a profile says: no shape sets a cap, a temperature or tools."""
NEVER = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"te", b"trailer",
        b"transfer-encoding", b"upgrade", b"http2-settings", b"expect", b"content-encoding",
    }
)  # fmt: skip
"""Fields of which a request takes nothing from a shape: they are of one connection (RFC 9110 §7.6.1), or of one body's
bytes."""
PRIVATE_PARAMETERS = frozenset({b"alt", b"key", b"access_token"})
"""Parameters that no shape adds: the form of the answer is the caller's choice, credentials are the provider's."""

CHOICES = (b"redact-thinking-",)
"""How items of lists begin that no shape adds: they have something left out of the answer, which its reader decides."""

type Kind = Literal["fixed", "own", "list", "coding", "id", "credential"]


@dataclass(frozen=True, slots=True)
class Field:
    """A header field of a shape: as it is spelled, in lower case, its value, and what that has to do with a request."""

    name: bytes
    lower: bytes
    value: bytes
    kind: Kind


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a shape's body. `strategy` is None for what is the shape's alone."""

    name: str
    value: Any
    strategy: Strategy | None
    holed: bool

    @property
    def is_id(self) -> bool:
        """Whether it stands for an id, and nothing else."""
        return isinstance(self.value, str) and self.value in IDS


@dataclass(frozen=True, slots=True)
class Layer:
    """An object of a shape's body: the body itself, or the call that is wrapped in it."""

    members: tuple[Member, ...]
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Template:
    """A shape and its profile, compiled."""

    shape: Shape
    profile: ShapeProfile
    content: Mapping[str, Strategy]
    """The caller's own members, and how they are merged with the shape's."""
    outer: Layer
    inner: Layer | None
    """The call, where the shape has it wrapped."""
    fields: tuple[Field, ...]
    names: frozenset[bytes]
    """Lower-case names of all fields of the shape."""
    added: tuple[tuple[bytes, Kind], ...]
    """Fields of the caller that come behind the shape's where that has them not."""
    query: tuple[tuple[bytes, bytes], ...]
    """Parameters: the name, and `name=value`."""
    client: tuple[str, str] | None
    """The product that its User-Agent names, and the version."""
    hooks: tuple[Bound, ...] = ()


def compile_template(profile: ShapeProfile, shape: Shape, hooks: Sequence[Bound] = ()) -> Template:
    """Makes a shape ready. Whatever its hooks raise as they prepare it comes through."""
    shape = prepared(shape, hooks)
    content = {name: strategy(profile.merge_strategies.get(name, "replace")) for name in content_of(profile)}
    wrapped = shape.body.get(profile.wrapped_in) if profile.wrapped_in else None
    fields = tuple(fields_of(shape.headers, profile))
    names = frozenset(field.lower for field in fields)
    added = {name: kind for name, kind in kinds_of(profile).items() if name not in names and kind in ("own", "list")}
    return Template(
        shape,
        profile,
        content,
        outer=layer(shape.body, {**content, profile.wrapped_in: REPLACE} if profile.wrapped_in else content),
        inner=layer(wrapped, content) if isinstance(wrapped, dict) else None,
        fields=fields,
        names=names,
        added=tuple(added.items()),
        query=tuple(query_of(shape)),
        client=product(shape.headers),
        hooks=tuple(hooks),
    )


def prepared(shape: Shape, hooks: Sequence[Bound]) -> Shape:
    """The shape as its profile's hooks want it."""
    body = deepcopy(shape.body)
    for bound in hooks:
        if bound.hook.prepare is not None:
            bound.hook.prepare(body, bound.params)
    return replace(shape, body=body)


def content_of(profile: ShapeProfile) -> list[str]:
    """The members that are the caller's own."""
    return list(dict.fromkeys([*profile.content_fields, *profile.merge_strategies, *OWN]))


def layer(body: Body, content: Mapping[str, Strategy | None]) -> Layer:
    """The members of an object of the shape."""
    members = [Member(name, value, content.get(name), has_hole(value)) for name, value in body.items()]
    return Layer(tuple(members), frozenset(body))


def kinds_of(profile: ShapeProfile) -> dict[bytes, Kind]:
    """What a profile says of header fields, by their lower-case names."""
    kinds: dict[bytes, Kind] = {name.lower().encode("latin-1"): "own" for name in profile.preserve_headers}
    kinds |= {name.lower().encode("latin-1"): "list" for name in profile.merge_headers}
    return kinds | {b"accept-encoding": "coding"}


def fields_of(headers: Headers, profile: ShapeProfile) -> list[Field]:
    """The header fields that a request takes from a shape."""
    kinds = kinds_of(profile)
    lowered = [(name, name.lower(), value) for name, value in headers]
    return [
        Field(name, lower, without_choices(value), kinds.get(lower) or kind_of(value))
        for name, lower, value in lowered
        if lower not in NEVER and not lower.startswith((b"x-ccproxy-", b":"))
    ]


def without_choices(value: bytes) -> bytes:
    """A field's value without the items that are the caller's choice."""
    if not any(choice in value for choice in CHOICES):
        return value
    return b",".join(item for item in map(bytes.strip, value.split(b",")) if not item.startswith(CHOICES))


def kind_of(value: bytes) -> Kind:
    """What a field of which the profile says nothing is, by its value."""
    text = value.decode("latin-1")
    return "credential" if text == CREDENTIAL else "id" if text in IDS else "fixed"


def query_of(shape: Shape) -> list[tuple[bytes, bytes]]:
    """The parameters of a shape that a request can take."""
    pairs = [(parameter_name(pair), pair) for pair in shape.query.split(b"&") if pair]
    return [(name, pair) for name, pair in pairs if name not in PRIVATE_PARAMETERS and b"ccproxy:" not in pair]


def parameter_name(pair: bytes) -> bytes:
    """The name of a parameter, decoded."""
    return unquote_to_bytes(pair.partition(b"=")[0])
