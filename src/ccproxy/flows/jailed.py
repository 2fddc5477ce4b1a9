"""What is told of traffic that a jail caught: who sent it where, and conversations that are not HTTP."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Sequence
from typing import Any

from ccproxy.exchange import Exchange, Message, Origin
from ccproxy.flows.secrets.commands import without_credentials


def origins(ex: Exchange, *, secrets: bool = False) -> dict[str, Any]:
    """Which program of which jail meant it to go where; null on the reverse listener."""
    process = ex.process
    command = list(map(_text, process.command)) if process else []
    told = command if secrets else without_credentials(command)
    return {
        "process": {"command": told, "pid": process.pid} if process else None,
        "destination": str(ex.destination) if ex.destination else None,
    }


def jail_facts(ex: Exchange) -> dict[str, Any]:
    """The same for a flow file, which has no place for objects."""
    process = ex.process
    return {
        "protocol": ex.protocol,
        "destination": str(ex.destination) if ex.destination else None,
        "command": _text(shlex.join(process.command)) if process else None,
        "pid": process.pid if process else None,
    }


def talk_of(ex: Exchange) -> dict[str, Any] | None:
    """A conversation in numbers; None for HTTP without one, and for WebSockets whose frames were relayed."""
    if ex.raw is not None:
        raw = ex.raw
        said = {"messages": len(raw.messages), "dropped": raw.dropped}
        return {**said, "status": raw.status or None, "answers": list(raw.answers), "close_code": None}
    if ex.websocket is not None and not (ex.websocket.from_client or ex.websocket.from_server):
        record = ex.websocket
        said = {"messages": len(record.messages), "dropped": record.dropped}
        return {**said, "status": None, "answers": [], "close_code": record.close_code}
    return None


def messages_of(ex: Exchange) -> list[dict[str, Any]]:
    """What is kept of a conversation; `time` in seconds since the epoch, `encoding` as for bodies."""
    kept: Sequence[Message] = ()
    if ex.raw is not None:
        kept = ex.raw.messages
    elif ex.websocket is not None:
        kept = ex.websocket.messages
    return [_message(message) for message in list(kept)]


def url_of(ex: Exchange, origin: Origin, target: str) -> str:
    """Where it went, as a URL; of DNS the one of RFC 4501."""
    if ex.protocol == "dns":
        return f"{origin}/{target.replace(' ', '?type=')}"
    return f"{origin}{target}" if ex.protocol == "http" else str(origin)


def _message(message: Message) -> dict[str, Any]:
    content = message.content
    try:
        said = {"text": content.decode(), "encoding": "utf-8"}
    except UnicodeDecodeError:
        said = {"text": base64.b64encode(content).decode("ascii"), "encoding": "base64"}
    return {"from_client": message.from_client, "time": message.time, "size": len(content), **said}


def _text(value: str) -> str:
    """Command lines may hold any bytes; lone surrogates could be neither printed nor written to a flow file."""
    return value.encode("utf-8", "replace").decode()
