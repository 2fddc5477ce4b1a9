"""The session's cookie is found in what a browser shows, and nothing else is taken for it."""

from __future__ import annotations

from contextlib import suppress

import pytest

from ccproxy.auth import CredentialError
from ccproxy.providers.perplexity.session_cookie import NAME, session

TOKEN = "eyJhbGciOiJkaXIi..made-up.of-nothing"
HALVES = TOKEN[:9], TOKEN[9:]
COOKIES = f"a=b; __Host-next-auth.csrf-token=c%7Cd; {NAME}={TOKEN}; e=f g"
CURL = f"""curl 'https://www.perplexity.ai/rest/x?a=b' \\
  -H 'accept: */*' \\
  -b '{COOKIES}' \\
  --data-raw $'{{"a":"b"}}'
"""


@pytest.mark.parametrize(
    "text",
    [
        f" {TOKEN}\n",
        f'"{TOKEN}"',
        f"'{TOKEN}'",
        f"{NAME}={TOKEN}",
        f'cookie:{NAME}="{TOKEN}"',
        f"Cookie: a=b;{NAME}={TOKEN} ; a=c; {NAME}=another",
        f"{NAME}.1={HALVES[1]}; x=y=z; {NAME}.0={HALVES[0]}; {NAME}.3=left",
        f"-b '{COOKIES}'",
        f"-b 'a=b; {NAME}={TOKEN}'",
        f"--cookie {NAME}={TOKEN} --compressed",
        f"-H 'cookie: {COOKIES}' \\",
        CURL,
        CURL.replace("'", '^"').replace("\\", "^"),
        f"accept: */*\r\ncookie: a=b; {NAME}={TOKEN}\r\npriority: u=1\r\n",
        f"{NAME}\t{TOKEN}\twww.perplexity.ai\t/\t2026-11-05T10:00:00.000Z",
        f'{NAME}:"{TOKEN}"',
        f'(New-Object System.Net.Cookie("{NAME}", "{TOKEN}", "/", "www.perplexity.ai"))',
    ],
    ids=[
        *("token", "quoted", "single quotes", "pair", "field", "among others", "pieces", "curl's -b", "at the end"),
        *("without quotes", "curl's -H", "curl", "of Windows", "fields", "row", "storage", "PowerShell"),
    ],
)
def test_a_token_is_found(text: str) -> None:
    assert session(text, "it holds").token == TOKEN


def test_a_token_may_end_like_base64() -> None:
    assert session("bWFkZS11cCBzZXNzaW9uLg==", "").token.endswith("Lg==")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it holds nothing"),
        ("' '", "no cookie"),
        (f"Cookie: {TOKEN}", "no cookie"),
        (f"a={TOKEN};", "no cookie"),
        (f"{TOKEN};", "no cookie"),
        (f"{TOKEN} {TOKEN}", "no cookie"),
        (f"{HALVES[0]}'{HALVES[1]}", "no cookie"),
        (f"__Host-next-auth.csrf-token={TOKEN}", "no cookie"),
        (f"next-auth.session-token={TOKEN}", "no cookie"),
        (f"x{NAME}={TOKEN}", "no cookie"),
        (f"{NAME}=", "no cookie"),
        (f"{NAME}.1={TOKEN}", "no cookie"),
        (CURL.replace(NAME, "session"), "no cookie"),
        (f"{TOKEN}\N{SNOWMAN}", "no cookie"),
        (f"{TOKEN}\n{TOKEN}", "no cookie"),
        (f"{NAME}={TOKEN}, x", "something in it that none has"),
        (f"{NAME}={HALVES[0]} {HALVES[1]}", "something in it that none has"),
        (f"{NAME}={HALVES[0]}\n{HALVES[1]}", "something in it that none has"),
        (f"{NAME}={TOKEN}\N{SNOWMAN}", "something in it that none has"),
        ("made-up", "too short"),
        (f"{NAME}=made-up; a=b", "too short"),
        ("pplx-made-up-made-up-made-up", "an API key"),
        ("Bearer pplx-made-up-made-up-made-up", "host api.perplexity.ai"),
    ],
)
def test_what_is_none_is_not_repeated(text: str, said: str) -> None:
    with pytest.raises(CredentialError) as caught:
        session(text, "it holds")
    assert str(caught.value).startswith("it holds ")
    assert said in str(caught.value)
    assert "made-up" not in str(caught.value)


@pytest.mark.parametrize("text", [f"{NAME} ", f"{NAME}\t", f"{NAME}=a", f"{NAME}= ", "a", " "])
def test_nothing_takes_long(text: str) -> None:
    """As much as may come, of what looks like the beginning of something: with squares it would be minutes."""
    with suppress(CredentialError):
        session(f"{NAME}{text * (65_536 // len(text))}x", "it holds")
