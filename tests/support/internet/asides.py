"""What the vendors' CLIs ask besides a model's answer: who they are, what they may use. Only that which stops them."""

from __future__ import annotations

import re
from typing import Any

from ccproxy.simulator.code_assist import VERBS

ACCOUNT = "11111111-2222-4333-8444-555555555555"
MAIL = "somebody@example.com"
SIMULATED = ("generateContent", "streamGenerateContent", "countTokens", "loadCodeAssist", "onboardUser", *VERBS)
"""Calls of Code Assist that the simulator answers, and refuses where Google would."""
CHATGPT: dict[str, Any] = {
    "id": ACCOUNT,
    "name": None,
    "structure": "personal",
    "profile_picture_url": None,
    "workspace_backend_origin": "NO_CONSTRAINT",
    "account_routing_override": "NO_CONSTRAINT",
    "plan_type": "pro",
    "is_deactivated": False,
    "account_user_role": "account-owner",
}
ASIDES: dict[str, Any] = {
    rf"cloudcode-pa\.googleapis\.com/v1internal:(?!({'|'.join(SIMULATED)})$).*": {},
    r"[^/]+\.googleapis\.com/.*tokeninfo": {"aud": "made-up", "scope": "openid", "expires_in": "3000", "email": MAIL},
    r"[^/]+\.googleapis\.com/.*userinfo": {"id": "1", "email": MAIL, "verified_email": True, "name": "Somebody"},
    r"chatgpt\.com/backend-api/wham/accounts/check": {
        "accounts": [CHATGPT],
        "account_ordering": [ACCOUNT],
        "default_account_id": ACCOUNT,
    },
    r"chatgpt\.com/backend-api/codex/models": {"models": []},
    r"chatgpt\.com/backend-api/(?!codex/).*": {},
    r"api\.anthropic\.com/api/oauth/profile": {
        "account": {"uuid": ACCOUNT, "full_name": "Somebody", "display_name": "Somebody", "email": MAIL},
        "organization": {"uuid": ACCOUNT, "name": "Nobody", "organization_type": "claude_max"},
    },
    r"api\.anthropic\.com/api/.*": {},
}
"""Host and path -> the answer."""
_ALL = [(re.compile(pattern), answer) for pattern, answer in ASIDES.items()]


def aside(host: str, path: str) -> Any:
    """The answer to such a question; None if it is another."""
    return next((answer for pattern, answer in _ALL if pattern.fullmatch(host + path)), None)
