"""Whose calls go to Code Assist: what it has, what others have of it, and where its own client's go that carry no key.

gemini-cli sends the token of a Google login, which names no provider: if there is one of this kind, that is meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from ccproxy.exchange import WireFormat
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.inquiry import Inquiry
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
    asked = f"{inquiry.exchange.request.method} {inquiry.path}"
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
    check_host(inquiry)
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


def check_host(inquiry: Inquiry) -> None:
    """Raises Refused for a request that names the listener by anything but an address or `localhost`.

    Whoever owns another name can let it lead to this machine once a browser has loaded a page from it (DNS rebinding).
    That page is of the same origin then, and may read what a login is answered here. Nobody can do so with an address.
    """
    host = inquiry.fields.get(b"host")
    if host is None or is_own(name := host.decode("latin-1").strip()):
        return
    asked = f"{inquiry.exchange.request.method} {inquiry.path}"
    raise Refused(
        403,
        "foreign_host",
        f"{asked} without a key was sent to {name!r}, and any web site can have a name that leads here: send it to an "
        "address or to localhost, or with a sentinel key (sk-ant-oat-ccproxy-NAME), or write a rule that has "
        "`match_path: ^/v1internal` and a `dest_provider`",
    )


def is_own(host: str) -> bool:
    """True for a Host field that holds an address, or the name that always means this machine (RFC 6761 §6.3)."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or bool(ip_address(name))
    except ValueError:
        return False
