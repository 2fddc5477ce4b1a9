"""What the hooks of one stage work on together: one request on its way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ccproxy.exchange import Exchange, Headers
from ccproxy.pipeline.draft import Draft

if TYPE_CHECKING:
    from ccproxy.lightllm.call import ModelCall
    from ccproxy.lightllm.drops import Drops
    from ccproxy.lightllm.events import Finish


@dataclass(slots=True)
class LocalAnswer:
    """An answer that a hook gave in place of a provider. `text` is put into the client's dialect; `body` is not."""

    status: int
    text: str | None
    body: bytes | None
    headers: Headers
    by: str = ""
    """The hook."""


@dataclass(slots=True)
class Translated:
    """What a translated request was made of, and what becomes of its answer."""

    document: Mapping[str, Any]
    """The client's body."""
    call: ModelCall
    """The same in no format. Hooks may look at it; changing it changes nothing."""
    drops: Drops
    """What was left out, which the client is told."""
    on_finish: Callable[[Finish], None] | None = None
    """Told how the answer ended, once it is whole. It must not raise."""
    on_renewed: Callable[[], Awaitable[None]] | None = None
    """Awaited where the provider has refused the credential and another was found, before the request is sent again. It
    must not raise."""


@dataclass(slots=True)
class Subject:
    """One request in one stage. Everything here may be changed by hooks, but only through their contexts."""

    exchange: Exchange
    draft: Draft
    headers: Headers
    """A list of its own: changing it does not change the exchange's record."""
    model: Callable[[], str | None]
    """Finds out the model that will be asked for, which may mean reading the body."""
    path_model: str | None = None
    """The model, where the path carries it and not the body (Gemini)."""
    stream: bool | None = None
    """Whether a stream is asked for, where the path says so and not the body."""
    target: bytes = b""
    """The request-target that it leaves with, whose query hooks of the house may add to; empty before there is one."""
    left_out: dict[str, int] = field(default_factory=dict)
    """What hooks of the house did not let through, by name: the client is told in `x-ccproxy-dropped`."""
    is_call: bool = False
    """True for a model call, whose messages, system, tools and settings can be had as typed objects."""
    provider: str | None = None
    """Whose the request is: before the route is decided what its key says, afterwards for good."""
    chosen: str | None = None
    """The provider that a hook has set in its place."""
    credential: Headers | None = None
    """The fields that carry the provider's credential, once a hook has put them here."""
    configured: Headers | None = None
    """The same list, if it is the one that the provider is configured with, and not a hook's own."""
    answer: LocalAnswer | None = None
    translated: Translated | None = None
    """Set for requests that the provider gets in another format than the client's."""
    told: Headers = field(default_factory=list)
    """Fields that hooks of the house put into the answer."""
    resources: Mapping[type, Any] = field(default_factory=dict)
    """What the house lends to its own hooks, by type."""
