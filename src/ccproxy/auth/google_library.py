"""google-auth, which knows Google's credential files: its objects here, and its requests by way of our transport.

Only for threads, for it blocks; and loaded there, where a provider needs it, for that takes its time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from google.auth import exceptions, transport
from google.auth.credentials import Credentials

from ccproxy.auth.dotted import Document
from ccproxy.auth.google_files import secrets_of
from ccproxy.auth.redaction import hidden_unless_named
from ccproxy.auth.source import CredentialError, Post, PostFailed, checked
from ccproxy.auth.token_endpoint import MAX_REASON

LOADERS: Mapping[str, tuple[str, str]] = {
    "service_account": ("google.oauth2.service_account", "from_service_account_info"),
    "authorized_user": ("google.oauth2.credentials", "from_authorized_user_info"),
    "impersonated_service_account": ("google.auth.impersonated_credentials", "from_impersonated_service_account_info"),
    "external_account_authorized_user": ("google.auth.external_account_authorized_user", "from_info"),
    "external_account": ("google.auth.identity_pool", "from_info"),
    "external_account of AWS": ("google.auth.aws", "from_info"),
    "external_account of a program": ("google.auth.pluggable", "from_info"),
}
"""Module and method by the kind of file. The library's one function for all asks Google for a project as it loads."""
SPARE_SECONDS = 5.0
"""For a loop that is busy: who sends knows the limit himself."""
AWS_TOKEN = "urn:ietf:params:aws:token-type:aws4_request"  # noqa: S105 - a kind of token


@dataclass(frozen=True, slots=True)
class Answer:
    """What the library reads of an answer."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class Way(transport.Request):
    """The library's way to the network: the event loop, on which `post` runs, for some seconds from now."""

    def __init__(self, post: Post, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._post, self._loop, self._seconds = post, loop, seconds
        self._until = time.monotonic() + seconds

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **more: Any,
    ) -> Answer:
        """See `google.auth.transport.Request`."""
        if method != "POST" or more.get("cert"):
            how = "with a certificate" if more.get("cert") else f"by {method}"
            raise exceptions.TransportError(f"it is to be asked for {how}, which ccproxy does not do: {url}")
        left = self._until - time.monotonic()
        if left <= 0:
            raise exceptions.TransportError(f"{url} did not answer within {self._seconds:g} s")
        fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (headers or {}).items()]
        asking = self._asked(private(url), fields, body or b"", left)
        try:
            return asyncio.run_coroutine_threadsafe(asking, self._loop).result(left + SPARE_SECONDS)
        except (PostFailed, TimeoutError) as error:
            raise exceptions.TransportError(str(error)) from error

    async def _asked(self, url: str, fields: list[tuple[bytes, bytes]], body: bytes, seconds: float) -> Answer:
        posted = await self._post(url, [*fields, (b"User-Agent", b"ccproxy")], body, seconds)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in posted.headers}
        return Answer(posted.status, headers, posted.body)


def private(url: str) -> str:
    """The URL, if what is sent there stays between us and Google. Raises TransportError."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if not host or not (url.isascii() and url.isprintable()) or " " in url:
        raise exceptions.TransportError("it names an address that is no URL")
    if parts.scheme == "https" or (parts.scheme == "http" and _is_here(host)):
        return url
    raise exceptions.TransportError(f"it would be sent to {host} where everybody can read it: use https")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The library's credentials from a file, and what must not be told of it."""

    credentials: Credentials
    path: Path
    secrets: frozenset[str] = field(repr=False)


def loaded(document: Document, scopes: Sequence[str], path: Path) -> Loaded:
    """The library's credentials from what a file holds. Raises CredentialError."""
    kind = _kind(document)
    if kind not in LOADERS:
        known = ", ".join(name for name in LOADERS if " " not in name)
        raise CredentialError(f"{path} is none of Google's credential files: its type is none of {known}")
    secrets = secrets_of(document, path)
    module, method = LOADERS[kind]
    try:
        made: Credentials = getattr(import_module(module).Credentials, method)(document, scopes=list(scopes))
    except exceptions.MalformedError as error:
        raise CredentialError(f"{path} cannot be used: {_said(error, secrets)}") from error
    except Exception as error:  # what is wrong in a file comes out as anything, and may repeat the secret in it
        raise CredentialError(f"{path} cannot be used: it is garbled ({type(error).__name__})") from error
    return Loaded(made, path, secrets)


def refreshed(made: Loaded, way: Way) -> tuple[str, float | None]:
    """A token, and when it is over in seconds since the epoch; None if nobody knows. Raises CredentialError."""
    credentials, path = made.credentials, made.path
    try:
        credentials.refresh(way)
    except exceptions.GoogleAuthError as error:
        raise CredentialError(f"{path}: no access token could be had: {_said(error, made.secrets)}") from error
    except Exception as error:  # so does what is wrong in an answer
        raise CredentialError(f"{path}: the answer could not be understood ({type(error).__name__})") from error
    token, expiry = credentials.token, credentials.expiry
    if not isinstance(token, str):
        raise CredentialError(f"{path}: the answer holds no access token")
    expires = expiry.replace(tzinfo=UTC).timestamp() if expiry is not None else None
    return checked(token, f"{path}: the access token holds").token, expires


def _kind(document: Document) -> str:
    kind = str(document.get("type"))
    if kind != "external_account":
        return kind
    source = document.get("credential_source")
    if document.get("subject_token_type") == AWS_TOKEN:
        return "external_account of AWS"
    return "external_account of a program" if isinstance(source, dict) and source.get("executable") else kind


def _said(error: exceptions.GoogleAuthError, secrets: frozenset[str]) -> str:
    text = str(error.args[0]) if error.args else type(error).__name__
    return hidden_unless_named(text, secrets)[:MAX_REASON]
