"""A credential that a person brings, kept where the provider's configuration will look for it."""

from __future__ import annotations

from pathlib import Path

from ccproxy.auth import CredentialError
from ccproxy.auth.storing import store
from ccproxy.config import Config
from ccproxy.config.credential_forms import FileAuth
from ccproxy.config.errors import nearest
from ccproxy.providers.readers import reader_of
from ccproxy.providers.telling import ADVICE

A_FILE = "to keep one in a file, write auth: {type: file, file: PATH} for it in ccproxy.yaml"
INSTEAD = {
    None: ("needs no credential", A_FILE),
    "command": ("has the credential that a command prints", f"change what that prints; {A_FILE}"),
    "google_auth": ("has a credential file of Google's libraries", ADVICE["google_auth"]),
}
"""What is said of a provider for which nothing can be kept, by its kind of `auth`, and what to do."""


class NotKept(Exception):
    """A credential cannot be kept; the arguments say why, and what to do."""


def file_of(config: Config, name: str) -> Path:
    """The file of the provider `name`. Raises NotKept."""
    entry = config.providers.get(name)
    if entry is None:
        guess = nearest(name, config.providers)
        hint = f"did you mean {guess!r}?" if guess else f"configured: {', '.join(config.providers) or 'none'}"
        raise NotKept(f"there is no provider {name!r}", hint)
    if isinstance(entry.auth, FileAuth):
        return entry.auth.file
    if entry.auth is None and entry.type == "perplexity_pro":
        raise NotKept(f"provider {name!r} has no `auth`, which would say where its session is kept", A_FILE)
    kind = entry.auth.type if entry.auth is not None else None
    what, advice = INSTEAD.get(kind) or ("has a login of its vendor's own program", ADVICE[kind or ""])
    raise NotKept(f"provider {name!r} {what}", advice)


def keep(config: Config, name: str, text: str) -> Path:
    """Keeps the credential that is, or is in, a text; returns where. Raises NotKept, which never repeats the text."""
    file, entry = file_of(config, name), config.providers[name]
    try:
        return store(file, reader_of(entry.type)(text, "what was given holds"))
    except CredentialError as error:
        raise NotKept(f"nothing is stored for provider {name!r}: {error}") from None
