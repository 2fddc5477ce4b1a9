"""Where credentials are in a body: by their look, or by the name of the member, field or parameter that holds them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from ccproxy.flows.secrets.key_formats import REACH, SENTINEL, gate, keys
from ccproxy.flows.secrets.redact import REDACTED

type Span = tuple[int, int]

MARK = REDACTED.encode()
SMALL = 64 * 1024
"""Bytes that a body of a token endpoint or a login has at most."""

MEMBERS = (
    "access_token", "accessToken", "refresh_token", "refreshToken", "id_token", "idToken", "auth_token", "authToken",
    "session_token", "sessionToken", "client_secret", "clientSecret", "client_assertion", "code_verifier",
    "api_key", "apiKey", "api-key", "[xX]-[aA][pP][iI]-[kK]ey", "[xX]-[gG]oog-[aA]pi-[kK]ey",
    "[aA]uthorization", "[pP]roxy-[aA]uthorization", "authorization_token",
    "private_key", "privateKey", "secretAccessKey", "read_write_token",
)  # fmt: skip
"""Members of JSON whose text is a credential at any depth: those of OAuth's answers and stored tokens, those that
give a provider's tools the key of an MCP server, and what Perplexity gives to whoever may write into a thread. Text
about them, within a JSON string, has its quotes escaped."""
TOP_MEMBERS = (
    "password", "passwd", "token", "secret", "assertion", "device_code", "subject_token", "actor_token", "api_token",
    "code", "key",
)  # fmt: skip
"""Members whose text is one in an object that is a small body by itself: a login, a token request."""
ONLY_IN_GRANTS = frozenset({b"code", b"key"})
"""Names that mean something else but in requests of tokens."""

_VALUE = r'"[ \t\r\n]*:[ \t\r\n]*"'
_MAY_HOLD_MEMBERS = gate(f'"(?:{"|".join(MEMBERS)}){_VALUE}')
_STRING = rb'((?:[^"\\]|\\.)*+)'
_MEMBER = re.compile(f'"(?:{"|".join(MEMBERS)}){_VALUE}'.encode())
_TEXT = re.compile(_STRING, re.DOTALL)
_TOP = re.compile(rb'"(' + "|".join(TOP_MEMBERS).encode() + rb')"\s*:\s*"' + _STRING)
_DEPTH = re.compile(rb'"(?:[^"\\]|\\.)*+"|[{}\[\]]')

_FIELDS = "|".join((*MEMBERS, *TOP_MEMBERS))
_FORM = re.compile(rf"(?:^|&)(?:{_FIELDS})=([^&\s]*)".encode())
_IS_FORM = re.compile(rb"[\w.%~+*-]{1,64}=[^&\s]*(?:&[\w.%~+*-]{1,64}=[^&\s]*)*\s*")
_USERINFO = re.compile(rb"""://[^\s/?#@:"'\\]*:([^\s/?#@"'\\]+)@""")
"""The password in a URL (RFC 3986 §3.2.1), such as a proxy's."""
_PART = re.compile(rf'name="?(?:{_FIELDS})"?\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]+)'.encode())
"""A part of `multipart/form-data` (RFC 7578) that is one line."""


def spans(body: bytes, known: Collection[bytes] = (), kind: bytes = b"") -> list[Span]:
    """Where a body's credentials are, in order, none touching another.

    Args:
        body: no content coding.
        known: credentials that the exchange holds elsewhere, taken as they are.
        kind: its media type.
    """
    found = [*keys(body), *_repeated(body, known), *_members(body)]
    if len(body) <= SMALL:
        found += [*_top_members(body), *_form(body, kind)]
    return _merged(span for span in found if _is_secret(body[slice(*span)])) if found else []


def in_text(text: bytes, known: Collection[bytes] = ()) -> list[Span]:
    """The same for a text that is not a body: a message, a header field's value."""
    found = [*keys(text), *_repeated(text, known), *_passwords(text)]
    return _merged(found) if found else []


def without_keys(text: bytes) -> bytes:
    """A text with a mark in place of each key of a known format; JSON stays JSON."""
    places = in_text(text)
    return without(text, places) if places else text


def without(data: bytes, places: Iterable[Span]) -> bytes:
    """The data with a mark in each of the places."""
    parts, at = [], 0
    for start, end in places:
        parts += [data[at:start], MARK]
        at = end
    return b"".join([*parts, data[at:]])


def _is_secret(value: bytes) -> bool:
    return bool(value) and value != MARK and not SENTINEL.fullmatch(value)


def _passwords(text: bytes) -> Iterator[Span]:
    for found in _USERINFO.finditer(text) if b"://" in text and b"@" in text else ():
        if _is_secret(found[1]):
            yield found.span(1)


def _repeated(body: bytes, known: Collection[bytes]) -> Iterator[Span]:
    for secret in known:
        at = body.find(secret)
        while at >= 0:
            yield at, at + len(secret)
            at = body.find(secret, at + len(secret))


def _members(body: bytes) -> Iterator[Span]:
    for begin, end in _MAY_HOLD_MEMBERS.blocks(body):
        for found in _MEMBER.finditer(body, begin, end + REACH):
            if text := _TEXT.match(body, found.end()):
                yield text.span()


def _top_members(body: bytes) -> Iterator[Span]:
    candidates = {found.start(): found for found in _TOP.finditer(body)} if body[:64].lstrip()[:1] == b"{" else {}
    if not candidates:
        return
    depth, in_grant = 0, b'"grant_type"' in body
    for token in _DEPTH.finditer(body):
        sign = body[token.start() : token.start() + 1]
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(sign, 0)
        found = candidates.get(token.start())
        if found and depth == 1 and (in_grant or found[1] not in ONLY_IN_GRANTS):
            yield found.span(2)


def _form(body: bytes, kind: bytes) -> Iterator[Span]:
    if kind.startswith(b"multipart/"):
        yield from (found.span(1) for found in _PART.finditer(body))
    elif b"form-urlencoded" in kind or _IS_FORM.fullmatch(body):
        yield from (found.span(1) for found in _FORM.finditer(body))


def _merged(found: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(found):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
