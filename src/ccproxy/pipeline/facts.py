"""`ctx.exchange`: what is known of an exchange, and the little of it that hooks may set."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from ccproxy.exchange import Headers
from ccproxy.pipeline.fields import are_fields

if TYPE_CHECKING:
    from ccproxy.pipeline.access import Access
    from ccproxy.pipeline.subject import Subject


class Facts:
    """A view of one exchange for one hook.

    Always there: `id`, `method`, `path`, `format` (the client's), `client` (address and port), `front`, `jail`,
    `stage`. To be declared: `provider` (its name), `model`, `session`, `conversation`, `system_hash`, `tags`. Hooks may
    set `provider` and `model` in the inbound stage, where they decide the route; `credential` in the outbound stage;
    and `session`, `conversation`, `system_hash` anywhere. Tags are set by `tag`.
    """

    __slots__ = ("_access", "_subject")

    _access: Access
    _subject: Subject

    def __init__(self, subject: Subject, access: Access) -> None:
        object.__setattr__(self, "_subject", subject)
        object.__setattr__(self, "_access", access)

    def __getattr__(self, name: str) -> Any:
        plain = PLAIN.get(name)
        if plain is not None:
            return plain(self._subject)
        read = READ.get(name)
        if read is None:
            raise AttributeError(f"an exchange has no {name!r}; known are {', '.join([*PLAIN, *READ])}")
        self._access.read(PATHS[name])
        return read(self._subject)

    def __setattr__(self, name: str, value: Any) -> None:
        write = WRITE.get(name)
        if write is None:
            raise AttributeError(f"hooks cannot set {name!r} of an exchange; they can set {', '.join(WRITE)}")
        stages, takes, put, get = write
        stage = self._access.step.stage
        if stage not in stages:
            raise AttributeError(f"exchange.{name} is set in the {' or '.join(stages)} stage, not in {stage}")
        if not takes(value):
            given = "this: it is a list of header fields, pairs of bytes" if name == "credential" else repr(value)
            raise TypeError(f"exchange.{name} cannot be {given}")
        before = get(self._subject)
        self._access.write(PATHS[name], partial(put, self._subject, before))
        put(self._subject, value)

    @property
    def stage(self) -> str:
        """The stage that runs."""
        return self._access.step.stage

    def tag(self, name: str, value: str) -> None:
        """Gives the exchange a label, by which it can be found and counted. Declare `exchange.tags`."""
        tags = self._subject.exchange.tags
        self._access.write("exchange.tags", partial(_restore, tags, dict(tags)))
        tags[str(name)] = str(value)


def _restore(tags: dict[str, str], before: dict[str, str]) -> None:
    tags.clear()
    tags.update(before)


PLAIN: dict[str, Callable[[Subject], Any]] = {
    "id": lambda subject: subject.exchange.id,
    "method": lambda subject: subject.exchange.request.method,
    "path": lambda subject: subject.exchange.request.path,
    "format": lambda subject: subject.exchange.format,
    "client": lambda subject: subject.exchange.client,
    "front": lambda subject: subject.exchange.front,
    "jail": lambda subject: subject.exchange.jail,
}
"""What no hook changes."""

READ: dict[str, Callable[[Subject], Any]] = {
    "provider": lambda subject: subject.chosen or subject.provider,
    "model": lambda subject: subject.model(),
    "session": lambda subject: subject.exchange.session,
    "conversation": lambda subject: subject.exchange.conversation,
    "system_hash": lambda subject: subject.exchange.system_hash,
    "tags": lambda subject: dict(subject.exchange.tags),
}


def _set_provider(subject: Subject, value: str | None) -> None:
    subject.chosen = value


def _set_model(subject: Subject, value: str | None) -> None:
    subject.exchange.model = value


def _set_session(subject: Subject, value: str | None) -> None:
    subject.exchange.session = value


def _set_conversation(subject: Subject, value: str | None) -> None:
    subject.exchange.conversation = value


def _set_system_hash(subject: Subject, value: str | None) -> None:
    subject.exchange.system_hash = value


def _set_credential(subject: Subject, value: Headers | None) -> None:
    subject.credential = value


def _text(value: object) -> bool:
    return value is None or isinstance(value, str)


def _name(value: object) -> bool:
    return value is None or (isinstance(value, str) and value != "" and _is_whole(value))


def _is_whole(text: str) -> bool:
    """False for half of a surrogate pair, which can be sent nowhere."""
    return text.encode("utf-8", "ignore").decode() == text


ANYWHERE = ("inbound", "outbound", "response")
type Write = tuple[tuple[str, ...], Callable[[object], bool], Callable[[Subject, Any], None], Callable[[Subject], Any]]
WRITE: dict[str, Write] = {
    "provider": (("inbound",), _text, _set_provider, lambda subject: subject.chosen),
    "model": (("inbound",), _name, _set_model, lambda subject: subject.exchange.model),
    "credential": (("outbound",), are_fields, _set_credential, lambda subject: subject.credential),
    "session": (ANYWHERE, _text, _set_session, lambda subject: subject.exchange.session),
    "conversation": (ANYWHERE, _text, _set_conversation, lambda subject: subject.exchange.conversation),
    "system_hash": (ANYWHERE, _text, _set_system_hash, lambda subject: subject.exchange.system_hash),
}
"""By field: the stages in which it can be set, which values it takes, how it is set, and what it was."""

PATHS = {name: f"exchange.{name}" for name in {*READ, *WRITE}}
"""What they are declared as."""
