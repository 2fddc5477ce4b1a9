"""`ccproxy.shaping.regenerate`: ids in the places where the captured client had some.

The session's id is the same for all requests of a session, and after a restart too; the others are new each time. An
id that the caller has itself was put there before.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from ccproxy.exchange import new_id
from ccproxy.shaping.shape import PROMPT_ID, REQUEST_ID, SESSION_ID, Shape
from ccproxy.shaping.shape_hooks import Work, shape_hook

UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@shape_hook()
def regenerate(work: Work, params: Any) -> None:
    """Puts ids into the header fields and into the members of the shape, also within texts there."""
    ids = ids_for(work)
    for hole in work.holes:
        for placeholder, make in ids.items():
            hole.fill(placeholder, make)
    work.headers[:] = [(name, with_ids(value, ids) if b"ccproxy:" in value else value) for name, value in work.headers]


def ids_for(work: Work) -> dict[str, Callable[[], str]]:
    """What stands for each placeholder."""
    return {
        SESSION_ID: lambda: work.session_id or session_id(work.shape, work.incoming.session),
        REQUEST_ID: new_id,
        PROMPT_ID: prompt_id,
    }


def with_ids(value: bytes, ids: dict[str, Callable[[], str]]) -> bytes:
    """A header field's value with ids in it."""
    for placeholder, make in ids.items():
        if (name := placeholder.encode()) in value:
            value = value.replace(name, make().encode("latin-1", "replace"))
    return value


def session_id(shape: Shape, session: str) -> str:
    """The id of a session of the caller: its own where that is a UUID, else one in the form of a random UUID.

    Source: RFC 9562 §5.4.
    """
    if UUID.fullmatch(session):
        return session
    key = f"{shape.profile}\0{shape.provenance.captured}\0{shape.provenance.program}\0{session}"
    digits = sha256(key.encode("utf-8", "replace")).hexdigest()
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def prompt_id() -> str:
    """13 hexadecimal digits, as Gemini CLI has them."""
    return os.urandom(7).hex()[:13]
