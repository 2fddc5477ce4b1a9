"""Credentials in what is known of an exchange beside its bodies: header fields, targets, messages, command lines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from ccproxy.flows.secrets.commands import without_credentials
from ccproxy.flows.secrets.key_formats import SENTINEL
from ccproxy.flows.secrets.places import in_text, spans, without
from ccproxy.flows.secrets.redact import REDACTED, SECRET_QUERY, credentials_in, is_secret_field

type Path = tuple[str | int, ...]
type Change = tuple[Path, Any, Any]
"""Where in the facts, what is there, and what shall be."""

SHORTEST = 16
"""Characters of a credential that is looked for elsewhere in the exchange; a shorter one may be a word."""
SKIPPED = frozenset({"client_tls", "timings", "lengths", "lines", "credential_headers", "id"})
"""Members without text that anybody wrote."""
KEPT: Path = ("thread", "read_write_token")
"""Stays in the archive; see `without_thread_token`."""


def held(facts: Mapping[str, Any]) -> frozenset[bytes]:
    """The credentials that the requests' header fields hold, without what stands before them, and the thread's.

    Of cookies only a provider's: a client's, of whatever kind, may be words.
    """
    found = {str(_thread_token(facts) or "").encode("utf-8", "replace")}
    for name, also in (("request", ()), ("forwarded", facts["credential_headers"])):
        for field, value in (facts[name] or {"headers": ()})["headers"]:
            if _is_secret(field, value, also) and (field.lower() in also or not field.lower().endswith("cookie")):
                found.update(each.encode("latin-1") for each in credentials_in(field, value))
    return frozenset(secret for secret in found if len(secret) >= SHORTEST)


def without_thread_token(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts of which nobody can take a provider's thread; these themselves if there is none.

    The archive has it, by which a conversation goes on after a restart: it is of no use without the session.
    """
    token = _thread_token(facts)
    return {**facts, "thread": {**facts["thread"], KEPT[1]: REDACTED}} if token and token != REDACTED else facts


def _thread_token(facts: Mapping[str, Any]) -> Any:
    thread = facts.get("thread")
    return thread.get(KEPT[1]) if isinstance(thread, dict) else None


def changes(facts: Mapping[str, Any], known: Collection[bytes]) -> Iterator[Change]:
    """Each place in the facts that holds a credential."""
    for name, value in facts.items():
        also = facts["credential_headers"] if name == "forwarded" else ()
        if name not in SKIPPED:
            yield from _walk(value, (name,), known, also)


def _walk(value: Any, path: Path, known: Collection[bytes], also: Collection[str]) -> Iterator[Change]:
    rule = RULES.get(path[-1]) if isinstance(path[-1], str) else None
    if path == KEPT:
        return
    if isinstance(value, str):
        new = (rule or _text)(value, known)
        if new != value:
            yield path, value, new
    elif isinstance(value, dict):
        for name, each in value.items():
            if name not in SKIPPED:
                yield from _walk(each, (*path, name), known, also)
    elif isinstance(value, list | tuple):
        yield from _fields(value, path, known, also) if _is_fields(path) else _items(value, path, known, also)


def _is_fields(path: Path) -> bool:
    """Whether it is a list of header fields: of a message, or of an interim answer (a status and its fields)."""
    return path[-1] in ("headers", "trailers") or (len(path) > 2 and path[-3] == "interim" and path[-1] == 1)


def _items(items: Sequence[Any], path: Path, known: Collection[bytes], also: Collection[str]) -> Iterator[Change]:
    told = without_credentials(items) if path[-1] == "command" else items
    for at, (each, new) in enumerate(zip(items, told, strict=True)):
        if new != each:
            yield (*path, at), each, new
        else:
            yield from _walk(each, (*path, at), known, also)


def _fields(
    fields: Sequence[Sequence[str]], path: Path, known: Collection[bytes], also: Collection[str]
) -> Iterator[Change]:
    for at, (name, value) in enumerate(fields):
        new = REDACTED if _is_secret(name, value, also) else _wire(value, known)
        if new != value:
            yield (*path, at, 1), value, new


def _is_secret(name: str, value: str, also: Collection[str]) -> bool:
    if name.lower() not in also and not is_secret_field(name):
        return False
    return bool(value) and not SENTINEL.fullmatch(value.encode("latin-1"))


def _text(text: str, known: Collection[bytes]) -> str:
    if len(text) < SHORTEST and "=" not in text:
        return text
    data = text.encode("utf-8", "surrogatepass")
    places = in_text(data, known)
    return _without_query(without(data, places).decode("utf-8", "surrogatepass") if places else text)


def _wire(text: str, known: Collection[bytes]) -> str:
    """Text of which each character is a byte."""
    data = text.encode("latin-1")
    places = in_text(data, known)
    return _without_query(without(data, places).decode("latin-1") if places else text)


def _without_query(text: str) -> str:
    return SECRET_QUERY.sub(_parameter, text) if "=" in text else text


def _parameter(found: Any) -> str:
    kept = not found[2] or SENTINEL.fullmatch(found[2].encode("utf-8", "replace"))
    return str(found[0] if kept else found[1] + REDACTED)


def _body(text: str, known: Collection[bytes]) -> str:
    """The beginning of an answer that another attempt followed."""
    data = text.encode("latin-1")
    return without(data, spans(data, known)).decode("latin-1")


RULES: dict[Any, Callable[[str, Collection[bytes]], str]] = {"target": _wire, "body": _body}
