"""The ids of one captured session and one captured request, for which placeholders stand in a shape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ccproxy.exchange import Headers
from ccproxy.flows.json_bytes import parsed
from ccproxy.shaping.reducing.secrets import secret_in, spelled
from ccproxy.shaping.shape import PLACEHOLDERS, PROMPT_ID, REQUEST_ID, SESSION_ID

NAMES: Mapping[str, re.Pattern[str]] = {
    SESSION_ID: re.compile(r"(?:.*-)?(?:session|thread|conversation)-id|prompt-cache-key"),
    PROMPT_ID: re.compile(r"user-prompt-id"),
    REQUEST_ID: re.compile(r"(?:.*-)?(?:(?:request|prompt|correlation)-id|idempotency-key)"),
}
"""Names (`spelled`) of header fields and members, by what stands for their values: `x-claude-code-session-id`, Codex's
`session-id`, `thread-id` and `prompt_cache_key`; Gemini CLI's `user_prompt_id`; `x-client-request-id`,
`x-stainless-idempotency-key` and Claude Code's prompt id, which is a UUID. What is first here is the kind of a value
that has several."""
OWN = frozenset({
    "device-id", "account-uuid", "account-id", "user-id", "organization-uuid", "organization-id", "installation-id",
    "x-gemini-api-privileged-user-id",
})  # fmt: skip
"""What tells of the user or the installation, the same in all of their requests: it stays in the user's own file."""
UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
"""RFC 9562 §4, of any version."""
_SESSION_IN_TEXT = re.compile(rf"session_({UUID.pattern})")
"""As older Claude Code has it in `metadata.user_id`, behind the account."""
SHORTEST = 8
"""Characters of an id that is looked for elsewhere; a shorter one may be a word."""
DEPTH, LONGEST = 4, 64 * 1024
"""How deep names are looked for, and characters of a text that may be JSON."""


class Ids:
    """What stands for the ids of one captured request."""

    def __init__(self, headers: Headers, body: Mapping[str, Any]) -> None:
        """Of a whole request: an id that is also the session's may be so named in its content only."""
        named = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        found = [*named, *_members(body, DEPTH)]
        self._known: dict[str, str] = {}
        for kind in NAMES:
            for name, value in found:
                self._learn(kind, name, value)

    def _learn(self, kind: str, name: str, value: str) -> None:
        ids = _SESSION_IN_TEXT.findall(value) if kind == SESSION_ID else []
        if self.kind(name) == kind:
            ids += [*([value] if len(value) >= SHORTEST and value not in PLACEHOLDERS else []), *UUID.findall(value)]
        for each in ids:
            self._known.setdefault(each.lower(), kind)

    @staticmethod
    def kind(name: str) -> str | None:
        """What stands for the value of what is named so, whatever it is; None if it is no id by its name."""
        plain = spelled(name)
        return next((kind for kind, pattern in NAMES.items() if pattern.fullmatch(plain)), None)

    def placed(self, text: str, name: str = "") -> str:
        """The value of what is named so, placeholders in place of its ids."""
        if not text or text in PLACEHOLDERS:
            return text
        if whole := self._known.get(text.lower()) or self.kind(name):
            return whole
        other = None if spelled(name) in OWN else REQUEST_ID
        return UUID.sub(lambda found: self._known.get(found[0].lower()) or other or found[0], text)


def _members(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """The members of objects that are text, in objects that are text too; not of lists, which are content."""
    for name, each in value.items() if isinstance(value, Mapping) else ():
        if isinstance(each, str):
            yield name, each
        inner = json_in(each) if isinstance(each, str) and len(each) <= LONGEST else each
        if depth:
            yield from _members(inner, depth - 1)


def tells(name: str) -> bool:
    """Whether a name itself is a credential or an id."""
    return UUID.search(name) is not None or secret_in(name) is not None


def json_in(text: str) -> Any:
    """The object or the list that a text is; None if it is something else."""
    if text[:64].lstrip()[:1] not in ("{", "["):
        return None
    try:
        return parsed(text.encode("utf-8", "surrogatepass"))
    except ValueError:
        return None
