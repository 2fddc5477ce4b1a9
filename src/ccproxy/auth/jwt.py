"""What a JSON Web Token says, its signature left unchecked: it is the provider's to check."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

MAX_CHARACTERS = 100_000


def claims(token: str | None) -> Mapping[str, Any]:
    """The claims of a token (RFC 7519 §4; base64url as in RFC 7515 §2), empty for anything that is none."""
    parts = (token or "").split(".")
    if len(parts) != 3 or len(parts[1]) > MAX_CHARACTERS:
        return {}
    try:
        said = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
