"""The session's cookie is found in what a browser shows, and nothing else is taken for it."""

from __future__ import annotations

import pytest

from ccproxy.auth import CredentialError
from ccproxy.providers.perplexity.session_cookie import NAME, session_token

TOKEN = "eyJhbGciOiJkaXIi..made-up.of-nothing"
HALVES = TOKEN[:9], TOKEN[9:]


@pytest.mark.parametrize(
    "text",
    [
        f" {TOKEN}\n",
        f'"{TOKEN}"',
        f"{NAME}={TOKEN}",
        f'cookie:{NAME}="{TOKEN}"',
        f"Cookie: a=b;{NAME}={TOKEN} ; a=c; {NAME}=another",
        f"{NAME}.1={HALVES[1]}; x=y=z; {NAME}.0={HALVES[0]}; {NAME}.3=left",
    ],
    ids=["token", "quoted", "pair", "field", "among others", "pieces"],
)
def test_a_token_is_found(text: str) -> None:
    assert session_token(text) == TOKEN


def test_a_token_may_end_like_base64() -> None:
    assert session_token("c2Vzc2lvbg==") == "c2Vzc2lvbg=="


@pytest.mark.parametrize(
    "text",
    [
        f"Cookie: {TOKEN}",
        f"a={TOKEN};",
        f"__Host-next-auth.csrf-token={TOKEN}",
        f"next-auth.session-token={TOKEN}",
        f"{NAME}=",
        f"{NAME}.1={TOKEN}",
        f"{NAME}={TOKEN}, x",
        f"{TOKEN}\N{SNOWMAN}",
        f"{TOKEN}\n{TOKEN}",
    ],
)
def test_what_is_none_is_not_repeated(text: str) -> None:
    with pytest.raises(CredentialError) as caught:
        session_token(text)
    assert "made-up" not in str(caught.value)
