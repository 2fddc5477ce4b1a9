"""Tokens for a credential file of Google's libraries: which file, and what it takes to get one."""

from __future__ import annotations

import asyncio
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ccproxy.auth.clock import Clock
from ccproxy.auth.credential_file import Content, CredentialFile, Missing, Signature
from ccproxy.auth.dotted import text_at
from ccproxy.auth.held import Margins
from ccproxy.auth.source import Credential, CredentialError, Post
from ccproxy.auth.threads import aside, in_thread

if TYPE_CHECKING:
    from ccproxy.auth.google_library import Loaded

BILLED = "x-goog-user-project"
"""Names the project that a request is billed to (https://cloud.google.com/apis/docs/system-parameters)."""
PROJECT = re.compile(r"[\w.:-]{1,200}", re.ASCII)
"""An id or a number; old ids have a domain before them (https://cloud.google.com/resource-manager/docs)."""
BILLED_BY = "GOOGLE_CLOUD_QUOTA_PROJECT"
SPARE_SECONDS = 1.0
"""For what the library does beside asking, which has a limit of its own and says more when that is over."""
TO_LOG_IN = "name another `file`, or log in with `gcloud auth application-default login`"

type Got = tuple[Credential, float | None, Signature]
"""The credential, when it is over (None if nobody knows), and the file that it is from."""


@dataclass(frozen=True, slots=True)
class Minted:
    """A token and the file that it is from. It is renewed from `early` on, and over at `deadline` (steady clock)."""

    credential: Credential
    file: Signature
    since: float
    early: float
    deadline: float
    expires: float | None
    """Seconds since the epoch; None if nobody knows."""

    @property
    def token(self) -> str:
        """As requests carry it."""
        return self.credential.token


@dataclass(frozen=True, slots=True)
class Asking:
    """What it takes to ask Google: the way, the seconds that it may take, and when to ask again."""

    post: Post
    seconds: float
    margins: Margins
    clock: Clock


class Mint:
    """Gets tokens with some scopes for a file; None is the one that Google's libraries take by default."""

    def __init__(self, file: Path | None, scopes: Sequence[str], asking: Asking, environ: Mapping[str, str]) -> None:
        self.file = CredentialFile(file or default_file(environ))
        self._scopes, self._asking, self._billed = scopes, asking, environ.get(BILLED_BY)
        self._run: asyncio.Future[Got] | None = None

    async def check(self) -> None:
        """Raises CredentialError if no token could be had, whatever Google says."""
        await in_thread(self._loaded)

    async def mint(self) -> Minted:
        """Another token. Raises CredentialError."""
        credential, expires, signature = await self._in_time()
        now = self._asking.clock.steady()
        left = math.inf if expires is None else expires - self._asking.clock.wall()
        early = min(self._asking.margins.drawn(), max(left, 0.0) / 2)
        return Minted(credential, signature, now, now + left - early, now + left, expires)

    async def _in_time(self) -> Got:
        """What a thread gives that nobody is kept by: who knows what the library waits for, a program for example."""
        if self._run is None or self._run.done():
            loop = asyncio.get_running_loop()
            self._run = aside(lambda: self._got(loop))
        await asyncio.wait((self._run,), timeout=self._asking.seconds + SPARE_SECONDS)
        if self._run.done():
            return self._run.result()
        raise CredentialError(f"{self.file.path}: no access token came within {self._asking.seconds:g} s")

    def _loaded(self) -> tuple[Loaded, Content]:
        from ccproxy.auth.google_library import loaded

        try:
            content = self.file.read()
        except Missing as error:
            raise CredentialError(f"{error}; {TO_LOG_IN}") from error
        return loaded(content.document, self._scopes, content.path), content

    def _got(self, loop: asyncio.AbstractEventLoop) -> Got:
        from ccproxy.auth.google_library import Way, refreshed

        made, content = self._loaded()
        token, expires = refreshed(made, Way(self._asking.post, loop, self._asking.seconds))
        billed = self._billed or text_at(content.document, "quota_project_id") or ""
        headers = ((BILLED, billed),) if PROJECT.fullmatch(billed) else ()
        return Credential(token, headers), expires, content.signature


def default_file(environ: Mapping[str, str]) -> Path:
    """Where Google's libraries look (https://cloud.google.com/docs/authentication/application-default-credentials)."""
    if named := environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        return Path(named).absolute()
    folder = environ.get("CLOUDSDK_CONFIG") or os.path.expanduser("~/.config/gcloud")
    return Path(folder, "application_default_credentials.json")
