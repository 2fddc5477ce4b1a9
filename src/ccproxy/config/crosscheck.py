"""What blocks of the configuration must agree about. All values may be of any type, for nothing is validated yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ccproxy.config.api_paths import ALIASES
from ccproxy.config.errors import KeyPath, dotted, nearest
from ccproxy.config.section import Complaint, Raw
from ccproxy.config.shape_profiles import PACKAGED
from ccproxy.config.values import TOKEN

FORMATS = frozenset({"anthropic", "openai", "openai_responses", "gemini"})
LISTENERS: tuple[tuple[KeyPath, KeyPath, KeyPath | None, int], ...] = (
    (("port",), ("host",), None, 4000),
    (("inspector", "port"), ("inspector", "mitmproxy", "web_host"), ("inspector", "enabled"), 8083),
    (("mcp", "http", "port"), ("mcp", "http", "host"), ("mcp", "http", "enabled"), 4030),
)
"""What listens: where its port, its address and its switch are written, and its default port."""


def disagreements(raw: Raw) -> Iterator[Complaint]:
    """Every disagreement in a configuration as it was written."""
    yield from _names(raw)
    yield from _destinations(raw)
    yield from _shapes(raw)
    yield from _ports(raw)


def _names(raw: Raw) -> Iterator[Complaint]:
    """A provider's name stands in a header, as the end of its sentinel key."""
    for name in _mapping(raw.get("providers")):
        if isinstance(name, str) and not TOKEN.fullmatch(name):
            hint = "use letters, digits, '-', '_' and '.'"
            yield Complaint(("providers", name), "a provider of this name cannot be addressed by a key", hint)


def _destinations(raw: Raw) -> Iterator[Complaint]:
    """Override rules name providers that exist."""
    known = _mapping(raw.get("providers"))
    for block in ("lightllm", "inspector"):
        rules = _mapping(raw.get(block)).get("transforms")
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            name = _mapping(rule).get("dest_provider")
            if isinstance(name, str) and name not in known:
                hint = f"did you mean {guess!r}?" if (guess := nearest(name, known)) else "add it to providers"
                path = (block, "transforms", index, "dest_provider")
                yield Complaint(path, f"there is no provider {name!r}", hint)


def _shapes(raw: Raw) -> Iterator[Complaint]:
    """Providers name profiles that exist, of their own format."""
    written = _mapping(_mapping(raw.get("shaping")).get("providers"))
    known = [*dict.fromkeys([*PACKAGED, *written])]
    for provider, settings in _mapping(raw.get("providers")).items():
        shape, kind = _mapping(settings).get("shape"), _mapping(settings).get("type")
        if not isinstance(shape, str):
            continue
        path = ("providers", provider, "shape")
        if shape not in known:
            hint = f"did you mean {guess!r}?" if (guess := nearest(shape, known)) else f"choose {', '.join(known)}"
            yield Complaint(path, f"there is no profile {shape!r} in shaping.providers", hint)
        else:
            yield from _format(path, shape, kind, _mapping(written.get(shape)))


def _format(path: KeyPath, shape: str, kind: object, profile: Mapping[Any, Any]) -> Iterator[Complaint]:
    """The profile's format is the provider's."""
    format = profile.get("format") or PACKAGED.get(shape, {}).get("format")
    spoken = ALIASES.get(kind, kind) if isinstance(kind, str) else None
    if format in FORMATS and spoken in FORMATS and spoken != format:
        fitting = [name for name, packaged in PACKAGED.items() if packaged["format"] == spoken]
        hint = f"choose {' or '.join(fitting)}" if fitting else "take the line out"
        yield Complaint(path, f"{shape!r} is for requests of type {format}, and the provider is of type {spoken}", hint)


def _ports(raw: Raw) -> Iterator[Complaint]:
    """No two listeners share a port at one address. The one that is written down is blamed, not the default."""
    taken: dict[tuple[object, int], KeyPath] = {}
    for path, address, switch, default in LISTENERS:
        port = _at(raw, path, default)
        if not isinstance(port, int) or port == 0 or (switch and _at(raw, switch, True) is False):
            continue
        other = taken.setdefault((str(_at(raw, address, "127.0.0.1")), port), path)
        if other != path:
            blamed, kept = (path, other) if _at(raw, path, None) is not None else (other, path)
            yield Complaint(blamed, f"{port} is the port of {dotted(kept)} too", "choose another")


def _at(raw: Raw, path: KeyPath, default: Any) -> Any:
    value: Any = raw
    for step in path:
        value = _mapping(value).get(str(step))
    return default if value is None else value


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}
