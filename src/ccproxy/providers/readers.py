"""How a credential is found in what a person has: in a file, in what a command prints, in what is to be kept."""

from __future__ import annotations

from collections.abc import Mapping

from ccproxy.auth import Credential
from ccproxy.auth.source import Reader, checked


def _session(text: str, origin: str) -> Credential:
    from ccproxy.providers.perplexity.session_cookie import session  # which most have no use for

    return session(text, origin)


READERS: Mapping[str, Reader] = {"perplexity_pro": _session}
"""By the type of the provider, where it is more than the whole text."""


def reader_of(type: str) -> Reader:
    """Finds the credential for a provider of a type in a text."""
    return READERS.get(type, checked)
