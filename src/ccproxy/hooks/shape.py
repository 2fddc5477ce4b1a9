"""`shape`: requests to a provider in the envelope of the client that the user has captured for it."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import get_header
from ccproxy.pipeline.draft import NotJson
from ccproxy.pipeline.failures import Refusal, Unfit
from ccproxy.pipeline.native import Wrote, native_hook
from ccproxy.pipeline.subject import Subject
from ccproxy.providers.endpoint import parse_endpoint
from ccproxy.providers.sentinel import CREDENTIAL_HEADERS
from ccproxy.shaping.apply import Outgoing, fit
from ccproxy.shaping.failed import BodyUnread
from ccproxy.shaping.shape import ShapeError, is_newer, product
from ccproxy.shaping.shape_hooks import Incoming
from ccproxy.shaping.shapes import Shapes, Use
from ccproxy.shaping.template import Template

WRITES = ("**", "headers.*")


def names_a_shape(subject: Subject) -> bool:
    """True for a request to a provider that names a shape."""
    shapes: Shapes | None = subject.resources.get(Shapes)
    return shapes is not None and subject.provider in shapes


@native_hook("outbound", reads=["**", "headers.*"], writes=WRITES, guard=names_a_shape, on_error="fail", late=True)
def shape(subject: Subject) -> Wrote:
    """Puts a model call into the provider's shape; that of the shape's own client, if it is as new, stays as it is.

    Raises Unfit for what is not shaped, and Refusal where it should be and cannot.
    """
    shapes: Shapes | None = subject.resources.get(Shapes)
    if shapes is None:
        raise Unfit("no provider names a shape")
    return _shaped(subject, shapes) if shapes.is_loaded else _later(subject, shapes)


async def _later(subject: Subject, shapes: Shapes) -> tuple[str, ...]:
    await shapes.loaded()
    return _shaped(subject, shapes)


def _shaped(subject: Subject, shapes: Shapes) -> tuple[str, ...]:
    use = shapes.use(subject.provider)
    if use is None:
        raise Unfit(f"the provider {subject.provider!r} names no shape")
    require_call(subject)
    try:
        template = shapes.of(use.profile)
        require_other(subject, template, shapes)
        outgoing = fit(template, incoming(subject, object_of(subject)))
    except ShapeError as error:
        raise unshaped(error, use, shapes, subject.exchange.id) from error
    take(subject, outgoing)
    return WRITES


def require_call(subject: Subject) -> None:
    """Raises Unfit for what is no model call."""
    request = subject.exchange.request
    endpoint = parse_endpoint(request.path)
    if request.method != "POST" or endpoint is None or endpoint.operation != "generate":
        raise Unfit("only model calls are shaped")


def object_of(subject: Subject) -> dict[str, Any]:
    """The body of a model call. Raises BodyUnread where it is no JSON object."""
    try:
        document = subject.draft.document()
    except NotJson as error:
        raise BodyUnread(str(error)) from error
    if not isinstance(document, dict):
        raise BodyUnread("the request body is not a JSON object")
    return document


def require_other(subject: Subject, template: Template, shapes: Shapes) -> None:
    """Raises Unfit for a request of the shape's own client that is as new as the shape, and for another format's."""
    format, wanted = subject.draft.format, template.profile.format
    if wanted is not None and format != wanted:
        raise Unfit(f"the shape is for requests of the format {wanted}, and this is of {format}")
    client, known = product(subject.exchange.request.headers), template.client
    if client is None or known is None or client[0] != known[0] or subject.exchange.format is not format:
        return
    if is_newer(known[1], client[1]):
        return
    if is_newer(client[1], known[1]):
        shapes.seen(template.shape.profile, client[1])
    raise Unfit(f"the client is {client[0]} {client[1]} itself")


def incoming(subject: Subject, body: dict[str, Any]) -> Incoming:
    """The request as shaping sees it."""
    credential = subject.credential or []  # the token's field, then what goes with it
    return Incoming(
        body,
        subject.headers,
        subject.target,
        subject.draft.format,
        session_key(subject),
        CREDENTIAL_HEADERS.union(name.lower() for name, _ in credential[:1]),
        frozenset(name.lower() for name, _ in credential[1:]),
        lambda: subject.path_model or subject.model(),
    )


def session_key(subject: Subject) -> str:
    """What the requests of one session have in common: its id, where the client tells one; else the conversation.

    Others begin theirs with the same words, so who the client says that it is and the provider are part of that.
    """
    exchange = subject.exchange
    if exchange.session:
        return exchange.session
    agent = get_header(exchange.request.headers, b"user-agent") or b""
    return "\0".join((subject.provider or "", agent.decode("latin-1"), exchange.conversation or exchange.id))


def take(subject: Subject, outgoing: Outgoing) -> None:
    """Makes the request the shaped one."""
    subject.draft.replace(outgoing.body)
    subject.headers[:] = outgoing.headers
    subject.target = outgoing.target
    for name, count in outgoing.left_out.items():
        subject.left_out[name] = subject.left_out.get(name, 0) + count


def unshaped(error: ShapeError, use: Use, shapes: Shapes, request: str) -> Exception:
    """What becomes of a request that cannot be shaped, as the provider has it."""
    of_body = isinstance(error, BodyUnread)
    if not of_body or use.on_error == "pass":
        shapes.complain(use.profile, error, request)  # who is refused for a body is told, and nobody else need know
    if use.on_error == "pass":
        return Unfit(f"it goes unshaped (on_shape_error: pass): {error}")
    return Refusal(400 if of_body else 500, "shape", str(error))
