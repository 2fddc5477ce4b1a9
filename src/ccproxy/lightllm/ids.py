"""Identifiers as the providers' look, for what has none."""

from __future__ import annotations

import hashlib
import random
import re


def new_id(prefix: str) -> str:
    """A random id such as `msg_` and 24 hexadecimal digits: a name, not a secret."""
    return f"{prefix}{random.getrandbits(96):024x}"


def answer_id(id: str, prefix: str, native: bool) -> str:
    """The id of an answer: the provider's own if it looks like one of the format, or is one."""
    return id if id and (native or id.startswith(prefix)) else new_id(prefix)


UNSAFE = re.compile(r"[^a-zA-Z0-9_-]")


def safe_id(id: str, longest: int = 64) -> str:
    """A tool call's id as every provider takes it; the same for the same id, so that results still find their calls.

    Anthropic wants `^[a-zA-Z0-9_-]+$`, OpenAI at most 64 characters (Chat: 40).
    """
    if len(id) <= longest and not UNSAFE.search(id):
        return id
    digest = hashlib.sha256(id.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return UNSAFE.sub("_", id)[: longest - 13] + "_" + digest
