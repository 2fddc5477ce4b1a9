"""Whose calls go to Code Assist: what it has, what others have of it, and where its own client's go that carry no key.

gemini-cli sends the token of a Google login, which names no provider: if there is one of this kind, that is meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from ccproxy.exchange import WireFormat
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.origin_check import refuse_foreign_host
from ccproxy.gateway.refusals import nowhere
from ccproxy.providers.gemini_code_assist import is_code_assist
from ccproxy.providers.provider import Provider

PATHS = ("/v1internal:", "/v1internal/")
"""Its methods, and its operations."""
UPWARD = frozenset({".", ".."})
CALLS = "generateContent, streamGenerateContent and countTokens"


def is_meant(inquiry: Inquiry) -> bool:
    """True for a path of Code Assist, but not if it leads out of that by dots (RFC 3986 §5.2.4), encoded or not."""
    parts = unquote(inquiry.path).replace("\\", "/").split("/")
    return inquiry.path.startswith(PATHS) and UPWARD.isdisjoint(parts)


def speaks(provider: Provider, inquiry: Inquiry) -> bool:
    """True if a provider has the client's call as it is: in this format, and with or without an envelope."""
    if provider.speaks_everything:
        return True
    endpoint = inquiry.endpoint
    same = endpoint is not None and endpoint.format is provider.format
    return same and (not inquiry.wrapped or is_code_assist(provider))


def check_fit(inquiry: Inquiry, provider: Provider, place: str) -> None:
    """Raises Refused for what Code Assist has not on its way there, and for what only it has on its way elsewhere.

    All have answers and counts; what other formats have besides is refused where it cannot be translated.
    """
    endpoint = inquiry.endpoint
    if provider.speaks_everything:
        return
    if endpoint is not None and (endpoint.operation is not None or endpoint.format is not WireFormat.GEMINI):
        return
    asked = asked_of(inquiry)
    if inquiry.path.startswith(PATHS) and not is_code_assist(provider):
        raise Refused(
            501,
            "not_translated",
            f"{asked} is a call of Code Assist, and provider {provider.name!r} ({place}) is none: of its calls, "
            f"{CALLS} can be sent there",
        )
    if is_code_assist(provider) and not is_meant(inquiry):
        raise Refused(
            501,
            "not_translated",
            f"{asked} has no counterpart at provider {provider.name!r} ({place}), which is Code Assist: that has "
            f"{CALLS}; send this to a provider of the Gemini API",
        )


def only_one(inquiry: Inquiry, providers: Mapping[str, Provider], has_rules: bool) -> Provider:
    """The provider for a call of Code Assist without a key. Raises Refused unless there is exactly one of the kind, and
    for what may be a web page's doing."""
    refuse_foreign_host(
        inquiry.fields,
        asked_of(inquiry),
        "send it to an address or to localhost, or with a sentinel key (sk-ant-oat-ccproxy-NAME), or write a rule that "
        "has `match_path: ^/v1internal` and a `dest_provider`",
    )
    found = [provider for provider in providers.values() if is_code_assist(provider)]
    if len(found) == 1:
        return found[0]
    if not found:
        why = "no provider is Code Assist, to which such calls lead without a key"
        todo = (
            "log in with `gemini`, whose login is found at the next start (unless `find_logins` is false), or name "
            "one: docs/gemini.md"
        )
    else:
        names = " and ".join(repr(provider.name) for provider in found)
        why = f"{names} are Code Assist, and the request does not say which is meant"
        todo = "write a rule that has `match_path: ^/v1internal` and one of them as `dest_provider`"
    raise nowhere(inquiry, has_rules, f"; {why}: {todo}")


def asked_of(inquiry: Inquiry) -> str:
    """What is asked, as errors name it."""
    return f"{inquiry.exchange.request.method} {inquiry.path}"
