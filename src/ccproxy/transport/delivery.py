"""One request on its way out, with what is needed to send it again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ccproxy.exchange import Attempt, Headers, HttpRequest, Origin
from ccproxy.transport.carrier import OnInterim


class NotRenewed(Exception):
    """There is no other credential than the one that was refused; the message says why."""


@dataclass(slots=True)
class Injected:
    """The credential that ccproxy has put into a request."""

    fields: Headers
    renew: Callable[[Headers], Awaitable[Headers]]
    """Takes the fields that were refused and gives others. Raises NotRenewed."""
    accepted: Callable[[Headers], None] | None = None
    """Told of renewed fields with which a request was taken, and of doubted ones."""
    doubted: bool = False
    """True if the provider is known to have refused them."""

    def was_accepted(self) -> None:
        """A request was taken with its fields."""
        if self.accepted is not None:
            self.accepted(self.fields)


@dataclass(slots=True)
class Walk:
    """A model call for which other models may be asked where the provider is out of capacity."""

    model: str
    """The model that is asked for; the transport keeps it up to date: in the end, the one that answered."""
    with_model: Callable[[HttpRequest, str], HttpRequest] | None = None
    """Makes the same request for another model; None where the client has pinned its own."""


@dataclass(slots=True)
class Delivery:
    """What the transport is handed. It keeps `request` and `credential` up to date, and fills in `attempts`."""

    origin: Origin
    request: HttpRequest
    provider: str | None = None
    """The name of the provider whose settings count."""
    credential: Injected | None = None
    on_interim: OnInterim | None = None
    once: bool = False
    """Goes on a new connection, and on no second one: for what must not arrive twice, such as a refresh token. It is no
    call of the provider's API, so of its settings only proxy and certificates count."""
    attempts: list[Attempt] = field(default_factory=list)
    walk: Walk | None = None
    """Set for model calls of providers with a capacity policy."""


def with_credential(headers: Headers, former: Headers, present: Headers) -> Headers:
    """The headers with the fields of one credential in the places of another's; those that it lacks are left out."""
    waiting = {name.lower(): (name, value) for name, value in present}
    names = {name.lower() for name, _ in former}
    exchanged: Headers = []
    for header in headers:
        name = header[0].lower()
        if name in waiting:
            exchanged.append((header[0], waiting.pop(name)[1]))
        elif name not in names:
            exchanged.append(header)
    return exchanged + list(waiting.values())
