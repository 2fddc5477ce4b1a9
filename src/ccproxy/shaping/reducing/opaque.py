"""Values that are credentials or tell of somebody by their look alone, where no name and no vendor's format says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ccproxy.shaping.reducing.ids import OWN
from ccproxy.shaping.reducing.secrets import hint, spelled
from ccproxy.shaping.shape import PLACEHOLDERS

SAFE = re.compile(
    r"user-agent|accept(?:-.*)?|content-type|cache-control|priority|origin|sec-(?:fetch|ch)-.*|anthropic-(?:beta|version)"
    r"|anthropic-dangerous-direct-browser-access|openai-beta|x-app|originator|version|x-codex-beta-features"
    r"|x-stainless-.*|x-goog-api-client|x-goog-fieldmask"
)
"""Fields (`spelled`) that say what a client is and can do, and nothing of who uses it."""

_SCHEMES = r"(?:Bearer|Basic|Token|Digest|Negotiate|NTLM|Hawk|Hoba|Mutual|VAPID|DPoP|SCRAM-[\w-]+|ApiKey|AWS4-[\w-]+)"
_CREDENTIALS = re.compile(rf"\s*{_SCHEMES}[ \t]+(?=\S)", re.IGNORECASE)
"""Schemes of HTTP authentication (RFC 9110 §11.1, IANA's registry) and AWS's, with something behind them."""
_CREDENTIALS_ALONE = re.compile(rf"{_CREDENTIALS.pattern}\S{{6,}}\s*", re.IGNORECASE)
"""The same as all of a text: prose may begin with such a word too."""
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}\.[A-Za-z]{2,63}")
"""RFC 5321 §4.5.3.1, as far as addresses are that people have."""
_PLACEHOLDER = re.compile("|".join(PLACEHOLDERS))
SHORTEST = 24
"""Characters of a value that is taken for random: less is no key."""
_RUN = re.compile(rf"[A-Za-z0-9+/_-]{{{SHORTEST},}}")
_UNBROKEN = re.compile(rf"[0-9a-z]{{{SHORTEST},}}|[0-9A-Z]{{{SHORTEST},}}")
"""Hexadecimal digits, base32 and the like: no word is as long."""
_CHANGE = re.compile(r"(?<=[0-9])(?=[A-Za-z])|(?<=[A-Za-z])(?=[0-9])|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[a-z])")


def betrayed_in_field(name: str, value: str) -> str | None:
    """What a header field or a parameter tells by its value's look, in words; None if nothing."""
    if found := _CREDENTIALS.match(value):
        return f"a credential ({hint(value[found.end() :])})"
    if _may_say_anything(name):
        return None
    return "an e-mail address" if _MAIL.search(value) else _random_in(value)


def betrayed_in_text(name: str, text: str) -> str | None:
    """The same of a text in a body, which may be prose: only a text that is one word is told by its look."""
    if _CREDENTIALS_ALONE.fullmatch(text):
        return f"a credential ({hint(text.split(maxsplit=1)[1])})"
    word = text.strip()
    if _may_say_anything(name) or len(word.split(maxsplit=1)) != 1:
        return None
    return "an e-mail address" if _MAIL.fullmatch(word) else _random_in(word)


def _may_say_anything(name: str) -> bool:
    plain = spelled(name)
    return plain in OWN or SAFE.fullmatch(plain) is not None


def _random_in(value: str) -> str | None:
    found = next(filter(is_random, _runs(value)), None)
    return f"what looks like a credential ({hint(found)})" if found else None


def _runs(value: str) -> Iterator[str]:
    return (found[0] for found in _RUN.finditer(_PLACEHOLDER.sub(" ", value)))


def is_random(run: str) -> bool:
    """Whether nobody would have written it: it goes from letters to digits, or to capitals, and back all the time.

    Names that are made of words and dates (`interleaved-thinking-2025-05-14`) do that seldom.
    """
    if _UNBROKEN.search(run):
        return True
    changes = len(_CHANGE.findall(run))
    return changes >= len(run) * (0.15 if any(map(str.isdigit, run)) else 0.3)
