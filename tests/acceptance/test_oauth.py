"""Appendix A, rows 2 to 5 and 13, with credentials that renew themselves: every client format, streamed and not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.accounts import REFUSED, VENDORS, Account
from tests.support.crossing import CLIENTS, ask_across, read
from tests.support.daemon import Daemon
from tests.support.dialects import SENTINEL
from tests.support.http import Response
from tests.support.replies import JSON, reply
from tests.support.token_process import TokenProcess
from tests.support.upstream import Upstream

STREAMED = pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
EVERY_CLIENT = pytest.mark.parametrize("client", CLIENTS)
EVERY_VENDOR = pytest.mark.parametrize("vendor", VENDORS)


class Office:
    """A daemon whose providers are `claude`, `gemini` and `codex`, each with an account; and others that fail."""

    def __init__(self, daemon: Daemon, accounts: dict[str, Account]) -> None:
        self.daemon, self.accounts = daemon, accounts


def text(client: str, vendor: str, answer: Response) -> str:
    """What a client reads; where nothing was translated the test's provider need not be a perfect one."""
    if client != VENDORS[vendor].format:
        return read(client, answer).text
    assert (answer.status, answer.complete) == (200, True), answer
    return "Hello there" if b"Hello" in answer.body and b" there" in answer.body else ""


@pytest.fixture(scope="module")
def endpoints() -> Iterator[dict[str, TokenProcess]]:
    """A token endpoint a vendor."""
    claude, gemini, codex = (TokenProcess(*vendor.flags) for vendor in VENDORS.values())
    with claude as one, gemini as two, codex as three:
        yield dict(zip(VENDORS, (one, two, three), strict=True))


@pytest.fixture(scope="module")
def office(
    shared_upstream: Upstream, endpoints: dict[str, TokenProcess], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """Accounts that are good, one a vendor, and providers whose credential cannot be had."""
    folder = tmp_path_factory.mktemp("accounts")
    accounts = {name: Account(vendor, endpoints[name], folder) for name, vendor in VENDORS.items()}
    url = shared_upstream.url
    config = {name: account.provider(url) for name, account in accounts.items()}
    (folder / "barred").mkdir()
    config["claude-barred"] = Account(VENDORS["claude"], endpoints["claude"], folder / "barred").provider(url)
    config |= {f"{name}-raw": account.provider(url, header="x-pass") for name, account in accounts.items()}
    for name, vendor in VENDORS.items():
        (folder / name).mkdir()
        expired = Account(vendor, endpoints[name], folder / name, lifetime=-100)
        dead = expired.provider(url, endpoint=endpoints[name].url.replace("/v1/oauth/token", "/no/such/token-place"))
        config |= {
            f"{name}-dead": dead,
            f"{name}-absent": dead | {"auth": dead["auth"] | {"file_path": str(folder / "no")}},
        }
    with Daemon({"providers": config}) as running:
        yield Office(running, accounts)


@EVERY_VENDOR
def test_A02_the_sentinel_becomes_the_accounts_token(office: Office, upstream: Upstream, vendor: str) -> None:
    account = office.accounts[vendor]
    upstream.script = account.answering(streamed=False)
    client = account.vendor.format
    answer = ask_across(office.daemon, client, vendor, headers=[(b"x-ccproxy-hooks", b"+verbose_mode")])
    assert text(client, vendor, answer) == "Hello there"
    (seen,) = upstream.requests
    assert seen.field("authorization") == f"Bearer {account.tokens[0]}".encode()
    assert seen.field("x-api-key") is None
    assert not [name for name, _ in seen.headers if name.lower().startswith(b"x-ccproxy")]
    assert SENTINEL.encode() not in seen.raw
    if vendor == "codex":
        assert seen.field("chatgpt-account-id") == b"acc-1"


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ([], [b"oauth-2025-04-20"]),
        ([b""], [b"oauth-2025-04-20"]),
        ([b"one-1,two-2"], [b"one-1,two-2,oauth-2025-04-20"]),
        ([b"one-1", b"oauth-2025-04-20, two-2"], [b"one-1", b"oauth-2025-04-20, two-2"]),
    ],
    ids=["none", "empty", "others", "said already"],
)
def test_claudes_tokens_come_with_the_beta_that_they_need(
    office: Office,
    upstream: Upstream,
    endpoints: dict[str, TokenProcess],
    said: list[bytes],
    sent: list[bytes],
    agent: str,
) -> None:
    """In the list that the client sends, also when the token is renewed."""
    upstream.script = office.accounts["claude"].answering(streamed=False)
    endpoints["claude"].ask("POST", "/expire")
    headers = [(b"anthropic-beta", value) for value in said]
    ask_across(office.daemon, "anthropic", "claude", headers=[*headers, (b"user-agent", agent.encode())])
    for seen in upstream.requests:
        assert [value for name, value in seen.headers if name.lower() == b"anthropic-beta"] == sent
    assert upstream.requests[-1].field("authorization") == f"Bearer {office.accounts['claude'].tokens[0]}".encode()
    shown = dict(office.daemon.flow(agent)["request"]["headers"])
    assert "oauth-2025-04-20" in json.dumps(shown)


@EVERY_VENDOR
def test_A03_the_provider_names_the_header(office: Office, upstream: Upstream, vendor: str) -> None:
    account = office.accounts[vendor]
    ask_across(office.daemon, account.vendor.format, f"{vendor}-raw")
    (seen,) = upstream.requests
    assert seen.field("x-pass") == account.tokens[0].encode()
    assert seen.field("authorization") is None


@EVERY_CLIENT
@EVERY_VENDOR
def test_A04_the_sentinel_in_any_header_of_any_client(
    office: Office, upstream: Upstream, vendor: str, client: str
) -> None:
    account = office.accounts[vendor]
    for name in (b"x-api-key", b"x-goog-api-key", b"authorization"):
        upstream.forget()
        upstream.script = account.answering(streamed=False)
        prefix = b"bearer " if name == b"authorization" else b""
        dialect = CLIENTS[client]
        headers = [(name, prefix + f"{SENTINEL}{vendor}".encode())]
        answer = office.daemon.ask("POST", dialect.target(), headers, dialect.body())
        assert text(client, vendor, answer) == "Hello there"
        (seen,) = upstream.requests
        assert SENTINEL.encode() not in seen.raw


@STREAMED
@EVERY_CLIENT
@pytest.mark.parametrize("cause", ["absent", "dead"])
@EVERY_VENDOR
def test_A05_a_credential_that_cannot_be_had(
    office: Office, upstream: Upstream, vendor: str, cause: str, client: str, streamed: bool
) -> None:
    name = f"{vendor}-{cause}"
    message = CLIENTS[client].error(ask_across(office.daemon, client, name, stream=streamed), 401)
    assert repr(name) in message
    assert {"absent": "/no", "dead": "404"}[cause] in message, message
    assert not upstream.requests


@STREAMED
@EVERY_CLIENT
@EVERY_VENDOR
def test_A13_a_refused_token_is_renewed_and_the_client_sees_one_clean_answer(
    office: Office,
    upstream: Upstream,
    endpoints: dict[str, TokenProcess],
    vendor: str,
    client: str,
    streamed: bool,
    agent: str,
) -> None:
    """The token is still good by the clock: the provider has revoked it."""
    account, issuer = office.accounts[vendor], endpoints[vendor]
    upstream.script = account.answering(streamed=streamed)
    headers = [(b"user-agent", agent.encode())]
    assert text(client, vendor, ask_across(office.daemon, client, vendor, stream=streamed)) == "Hello there"
    before, posts = account.tokens, issuer.count("posts")
    issuer.ask("POST", "/expire")
    upstream.forget()
    answer = ask_across(office.daemon, client, vendor, stream=streamed, headers=headers)
    assert text(client, vendor, answer) == "Hello there"
    first, second = upstream.requests
    assert (first.body, first.target) == (second.body, second.target)
    assert first.field("authorization") == f"Bearer {before[0]}".encode()
    assert second.field("authorization") == f"Bearer {account.tokens[0]}".encode() != first.field("authorization")
    counters = issuer.ask("GET", "/counters")
    assert (counters["posts"], counters["reused"]) == (posts + 1, 0)
    assert issuer.ask("GET", f"/current?refresh={account.tokens[1]}")["current"]
    record = office.daemon.control("GET", f"/flows/{office.daemon.flow(agent)['id']}")
    assert [attempt["status"] for attempt in record["tries"]] == [401, 200]
    assert record["tries"][0]["note"] == "sent again with a renewed credential"
    assert not any(token in json.dumps(record) for token in (*before, *account.tokens))


@EVERY_CLIENT
def test_A13_a_token_that_stays_refused_is_the_providers_answer(
    office: Office, upstream: Upstream, endpoints: dict[str, TokenProcess], client: str
) -> None:
    """And it is no reason to ask for another with each request."""
    posts = endpoints["claude"].count("posts")
    upstream.script = reply(401, [JSON], REFUSED)
    for _ in range(5):
        assert CLIENTS[client].error(ask_across(office.daemon, client, "claude-barred"), 401)
    assert endpoints["claude"].count("posts") <= posts + 3
    assert len(upstream.requests) <= 5 + 3


def test_A13_many_at_once_renew_once(office: Office, upstream: Upstream, endpoints: dict[str, TokenProcess]) -> None:
    account, issuer = office.accounts["claude"], endpoints["claude"]
    upstream.script = account.answering(streamed=True)
    posts = issuer.count("posts")
    issuer.ask("POST", "/expire")
    with ThreadPoolExecutor(32) as pool:
        calls = [pool.submit(ask_across, office.daemon, "anthropic", "claude", stream=True) for _ in range(32)]
        assert [read("anthropic", call.result(30)).text for call in calls] == ["Hello there"] * 32
    counters = issuer.ask("GET", "/counters")
    assert (counters["posts"], counters["reused"]) == (posts + 1, 0)
