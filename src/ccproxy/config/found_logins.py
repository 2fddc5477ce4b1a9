"""Logins of vendors' own programs on this machine, for which a provider is there by itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ccproxy.config.api_paths import CODE_ASSIST_HOST, is_written_as_code_assist
from ccproxy.config.value_layers import ValueLayer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ccproxy.config.errors import Place

GEMINI = "gemini"
"""The name of the provider."""
GEMINI_CLI_LOGIN = ".gemini/oauth_creds.json"
"""Below the user's home; see `GoogleOAuth`."""
FOUND = "found: "
"""Begins the place of what nobody wrote."""


def found_login(written: Mapping[str, Any], environ: Mapping[str, str]) -> ValueLayer | None:
    """Code Assist with gemini-cli's login, as a layer over all others; None if there is none, or it is not to be there.

    It is not where `find_logins` is false, the name is taken, or another provider is Code Assist. `written` are the
    values of all layers before validation, `environ` says where the home is.
    """
    file = os.path.join(environ.get("HOME", ""), GEMINI_CLI_LOGIN)
    if not os.path.isabs(file) or written.get("find_logins", True) is False or not _has_room(written.get("providers")):
        return None
    if not os.path.isfile(file):
        return None
    auth = {"type": "google_oauth", "file_path": file}
    provider = {"type": "gemini", "host": CODE_ASSIST_HOST, "auth": auth}
    return ValueLayer(f"{FOUND}~/{GEMINI_CLI_LOGIN}", ("providers", GEMINI), provider)


def found_by(place: Place) -> str | None:
    """The file because of which there is what stands at a place; None for what somebody has written."""
    return place.file.removeprefix(FOUND) if place.file.startswith(FOUND) else None


def _has_room(providers: object) -> bool:
    if providers is None:
        return True
    return (
        isinstance(providers, dict)
        and GEMINI not in providers
        and not any(map(is_written_as_code_assist, providers.values()))
    )
