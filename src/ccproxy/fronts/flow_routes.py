"""The control plane's endpoints for flows: those that the daemon has in memory. The archive is read without it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Protocol

from ccproxy.flows.record.frame import pack
from ccproxy.flows.record.record import to_record
from ccproxy.flows.secrets.places import without_keys
from ccproxy.flows.secrets.secrets import redacted
from ccproxy.flows.summary import detail, summarize

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from ccproxy.exchange import Exchange
    from ccproxy.flows.store import FlowStore


class Waiting(Protocol):
    """What is on its way to the archive."""

    def is_archived(self, id: str) -> bool:
        """Whether the archive has said that it has a flow. False for those that were forgotten since."""

    def forget(self, ids: Collection[str]) -> int:
        """Lets flows that wait not get there; returns how many they were."""


class HasFlows(Protocol):
    """The daemon, as far as it is needed here."""

    @property
    def store(self) -> FlowStore:
        """The exchanges."""

    @property
    def archive(self) -> Waiting:
        """The way of the exchanges to the archive."""


def routes(daemon: HasFlows) -> list[Route]:
    """GET /flows[?unarchived=1][&limit=N] (the newest N; unarchived: those that the archive does not have), GET
    /flows/{id}, GET /flows/{id}/record (as `record_frame.pack` has it), DELETE /flows (all that are finished), POST
    /flows/delete ({"ids": [...]}: these). An id may be its beginning, where only one begins so."""
    from starlette.routing import Route

    flows = FlowRoutes(daemon)
    return [
        Route("/flows", flows.list, methods=["GET"]),
        Route("/flows", flows.clear, methods=["DELETE"]),
        Route("/flows/delete", flows.delete, methods=["POST"]),
        Route("/flows/{id}", flows.detail, methods=["GET"]),
        Route("/flows/{id}/record", flows.record, methods=["GET"]),
    ]


class FlowRoutes:
    """The endpoints."""

    def __init__(self, daemon: HasFlows) -> None:
        self._daemon = daemon

    async def list(self, request: Request) -> Response:
        """Summaries."""
        daemon, limit = self._daemon, request.query_params.get("limit")
        if limit is not None and not (limit.isascii() and limit.isdigit()):
            return problem(400, "limit is not a number")
        exchanges = daemon.store.list()
        if request.query_params.get("unarchived") == "1":
            exchanges = [ex for ex in exchanges if not daemon.archive.is_archived(ex.id)]
        if limit is not None:
            exchanges = exchanges[max(0, len(exchanges) - int(limit)) :]
        return await told(lambda: [summarize(ex) for ex in exchanges])

    async def detail(self, request: Request) -> Response:
        """A summary with the bodies as text."""
        ex = self._found(request)
        return missing(request) if ex is None else await told(lambda: detail(redacted(ex)))

    async def record(self, request: Request) -> Response:
        """All of an exchange, as it is now."""
        from starlette.responses import Response

        ex = self._found(request)
        if ex is None:
            return missing(request)
        packed = await asyncio.to_thread(lambda: pack(to_record(ex)))
        return Response(packed, media_type="application/octet-stream")

    async def clear(self, request: Request) -> Response:
        """Forgets everything that is finished."""
        return reply({"cleared": self._daemon.store.clear()})

    async def delete(self, request: Request) -> Response:
        """Forgets some."""
        ids = ids_of(await request.body())
        if ids is None:
            return problem(400, 'the body should be {"ids": ["...", ...]}')
        waiting = self._daemon.archive.forget(ids)
        return reply({"deleted": self._daemon.store.forget(ids), "waiting": waiting})

    def _found(self, request: Request) -> Exchange | None:
        return self._daemon.store.get(request.path_params["id"])


async def told(tell: Callable[[], object]) -> Response:
    """What `tell` gives, as JSON without keys. Bodies are looked into for models and usage: not on the loop."""
    return json_response(await asyncio.to_thread(lambda: without_keys(dumped(tell()))))


def ids_of(body: bytes) -> set[str] | None:
    """The ids that a request to forget flows names; None if it is none."""
    try:
        asked: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    ids = asked.get("ids") if isinstance(asked, dict) else None
    return set(ids) if isinstance(ids, list) and all(isinstance(each, str) for each in ids) else None


def missing(request: Request) -> Response:
    """There is no such flow."""
    return problem(404, f"there is no flow {request.path_params['id']!r}, or more than one that starts so")


def problem(status: int, message: str) -> Response:
    """An error as the control plane's clients read it."""
    return json_response(dumped({"error": message}), status)


def reply(value: object) -> Response:
    """JSON."""
    return json_response(dumped(value))


def dumped(value: object) -> bytes:
    """As JSON. Not by orjson, which refuses halves of characters; clients' bytes may hold them."""
    return json.dumps(value).encode()


def json_response(body: bytes, status: int = 200) -> Response:
    """JSON that is text already."""
    from starlette.responses import Response

    return Response(body, status, media_type="application/json")
