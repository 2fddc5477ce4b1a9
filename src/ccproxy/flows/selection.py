"""Which flows are meant: the plain options of the commands, as one value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

type Summary = Mapping[str, Any]
"""A flow as `ccproxy.flows.summary.summarize` tells it, read from JSON or not."""

STATUS = re.compile(r"(?P<code>\d{3})|(?P<family>[1-5])xx|(?P<word>ok|error|none)", re.IGNORECASE)
"""`200`, `4xx`, `ok` (below 400 and no error), `error` (400 and above, or an error), `none` (no answer)."""


PROTOCOLS = ("http", "dns", "tcp", "udp")
"""As `Exchange.protocol` has them."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Flows that meet every condition that is given; the newest `limit` of them.

    Text without `*`, `?` and `[` is meant as it is for `provider`, `jail`; it may be a part for `host` and `model`, and
    the beginning for `session` and `conversation`. Text with one of these is a pattern (fnmatch). Case does not matter.
    """

    host: str | None = None
    """Where the request went."""
    model: str | None = None
    """Asked for, sent to the provider, or answering."""
    provider: str | None = None
    status: tuple[str, ...] = ()
    """Any of these, each as `STATUS` reads it."""
    since: float | None = None
    """Began then or later; seconds since the epoch."""
    session: str | None = None
    conversation: str | None = None
    """By the id of the flow that began it, of its session, or of how it begins (`Exchange.conversation`)."""
    opening: str | None = None
    """How its conversation begins: `Exchange.conversation`."""
    jail: str | None = None
    protocol: str | None = None
    """One of `PROTOCOLS`."""
    limit: int | None = None

    @property
    def matches_all(self) -> bool:
        """True if there is no condition, and no limit."""
        return self == Selection()

    def matches(self, flow: Summary) -> bool:
        """Whether a flow meets the conditions; `limit` is not one of them."""
        return all(test(self, flow) for test in TESTS)


CONVERSATION = ("session", "root", "conversation")
"""Members of a summary that tell its conversation. The first of them that there is names it: so does the table of
`flows conversations`. A flow under way has no root yet."""


def conversation_of(flow: Summary) -> str | None:
    """The name of a flow's conversation; None for one that is no part of any."""
    return next((str(flow[name]) for name in CONVERSATION if flow.get(name)), None)


MODELS = ("answered_model", "dest_model", "model")
"""Members of a summary that name a model: what answered, what was sent to the provider, what was asked for."""


def models_of(flow: Summary) -> list[str]:
    """The models that a flow names, in the order of MODELS: the first is the one that its tokens count for."""
    return [name for key in MODELS if isinstance(name := flow.get(key), str) and name]


def model_of(flow: Summary) -> str | None:
    """The model that a flow's tokens count for."""
    return next(iter(models_of(flow)), None)


def host_of(flow: Summary) -> str | None:
    """The host to which a flow went, or was meant to go; None if it went nowhere: the host it names is our listener."""
    if flow.get("front") == "reverse" and flow.get("action", "") in {None, "local"}:
        return None
    request = flow.get("request")
    return request.get("host") if isinstance(request, Mapping) else None


def newest[T](flows: list[T], limit: int | None) -> list[T]:
    """The last `limit` of a list, the oldest first; all for None."""
    return flows if limit is None else flows[-limit:]


def _host(wanted: Selection, flow: Summary) -> bool:
    return wanted.host is None or _is_like(wanted.host, host_of(flow), part=True)


def _model(wanted: Selection, flow: Summary) -> bool:
    return wanted.model is None or any(_is_like(wanted.model, name, part=True) for name in models_of(flow))


def _provider(wanted: Selection, flow: Summary) -> bool:
    return wanted.provider is None or _is_like(wanted.provider, flow.get("provider"))


def _jail(wanted: Selection, flow: Summary) -> bool:
    return wanted.jail is None or _is_like(wanted.jail, flow.get("jail"))


def _protocol(wanted: Selection, flow: Summary) -> bool:
    return wanted.protocol is None or wanted.protocol == flow.get("protocol", "http")


def _session(wanted: Selection, flow: Summary) -> bool:
    return wanted.session is None or _begins(wanted.session, flow.get("session"))


def _conversation(wanted: Selection, flow: Summary) -> bool:
    if wanted.conversation is None:
        return True
    return any(_begins(wanted.conversation, flow.get(name)) for name in CONVERSATION) or (
        not flow.get("root") and _begins(wanted.conversation, flow.get("id"))
    )


def _opening(wanted: Selection, flow: Summary) -> bool:
    return wanted.opening is None or wanted.opening == flow.get("conversation")


def _since(wanted: Selection, flow: Summary) -> bool:
    return wanted.since is None or datetime.fromisoformat(flow["time"]).timestamp() >= wanted.since


def _status(wanted: Selection, flow: Summary) -> bool:
    return not wanted.status or any(_has_status(each, flow) for each in wanted.status)


TESTS: tuple[Callable[[Selection, Summary], bool], ...] = (
    _since, _provider, _model, _host, _status, _session, _conversation, _opening, _jail, _protocol
)  # fmt: skip


def _is_like(wanted: str, text: str | None, *, part: bool = False) -> bool:
    if not text:
        return False
    wanted, text = wanted.lower(), text.lower()
    if any(sign in wanted for sign in "*?["):
        return fnmatchcase(text, wanted)
    return wanted in text if part else wanted == text


def _begins(wanted: str, text: str | None) -> bool:
    if text and any(sign in wanted for sign in "*?["):
        return fnmatchcase(text, wanted)
    return bool(text) and str(text).startswith(wanted)


def _has_status(wanted: str, flow: Summary) -> bool:
    found = STATUS.fullmatch(wanted)
    if found is None:
        raise ValueError(f"{wanted!r} is no status: give one such as 200, 4xx, ok, error or none")
    code, error = flow.get("status"), flow.get("error")
    if found["code"]:
        return bool(code == int(found["code"]))
    if found["family"]:
        return code is not None and code // 100 == int(found["family"])
    failed = bool(error) or (code is not None and code >= 400)
    return {"ok": code is not None and not failed, "error": failed, "none": code is None}[found["word"].lower()]
