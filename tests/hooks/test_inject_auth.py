"""`inject_auth`: a provider's credential goes to that provider, and nothing goes there without it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy import Trial, try_hook
from ccproxy.assembly import House
from ccproxy.config import Config
from ccproxy.exchange import Exchange, Headers, HttpRequest
from ccproxy.gateway.forwarding import Forwarding
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.reply import Reply
from ccproxy.gateway.router import Router
from ccproxy.gateway.stages import Stages
from ccproxy.hooks.inject_auth import inject_auth
from ccproxy.providers.provider import NoCredential, ProviderMap, build_providers
from tests.auth.conftest import Tally
from tests.support.dialects import DIALECTS, SENTINEL, Dialect
from tests.support.http import Response

DEAD = "http://127.0.0.1:9"


def config(auth: Mapping[str, Any], **more: Any) -> Config:
    """Providers at an address where nobody listens, each with its `auth`, of Anthropic's format."""
    known = {name: {"type": "anthropic", "base_url": DEAD, "auth": each} for name, each in auth.items()}
    return Config.model_validate({"providers": known, "hooks": {"hooks_dir": None}} | more)


def tried(auth: Mapping[str, Any], provider: str | None) -> Trial:
    """What the hook makes of a request to a provider."""
    lent = {ProviderMap: build_providers(config(auth))}
    return try_hook(inject_auth, b"{}", headers={"x-api-key": "of the client"}, provider=provider, resources=lent)


def file(folder: Path, text: str, **more: Any) -> dict[str, Any]:
    """A credential in a file."""
    path = folder / f"{len(list(folder.iterdir()))}.token"
    path.write_text(text)
    return {"type": "file", "file": str(path)} | more


def test_each_provider_gets_its_own(tmp_path: Path) -> None:
    auth = {"p": file(tmp_path, "of-p"), "q": file(tmp_path, "of-q", header="X-Pass"), "r": "echo of-r", "s": None}
    found = {name: tried(auth, name).credential for name in auth}
    assert found == {
        "p": [(b"authorization", b"Bearer of-p")],
        "q": [(b"x-pass", b"of-q")],
        "r": [(b"authorization", b"Bearer of-r")],
        "s": [],
    }
    trial = tried(auth, "p")
    assert (trial.result.outcome, trial.result.wrote) == ("ran", ("exchange.credential",))
    assert (trial.headers, trial.body) == ([("x-api-key", "of the client")], b"{}")


def test_without_a_provider_there_is_none(tmp_path: Path) -> None:
    trial = tried({"p": file(tmp_path, "of-p")}, None)
    assert (trial.result.outcome, trial.result.reason, trial.credential) == ("skipped", "guard", [])


FAILING = {
    "exit 3": "status 3",
    "true": "nothing",
    "printf 'a\\nb'": "more than one line",
    "no-such-program-here": "status 127",
}


@pytest.mark.parametrize("command", FAILING)
def test_a_source_that_fails_fails_the_hook(command: str) -> None:
    trial = tried({"p": command}, "p")
    assert isinstance(trial.error, NoCredential)
    assert (trial.result.outcome, trial.result.wrote, trial.credential) == ("failed", (), [])
    assert "no credential for provider 'p'" in trial.result.reason
    assert FAILING[command] in trial.result.reason


# -- through the gateway


def forwarded(settings: Config, *requests: HttpRequest) -> list[HttpRequest]:
    """What would be sent for requests of one client after the other."""

    async def main() -> list[HttpRequest]:
        house = House(settings)
        router = Router(settings.lightllm.transforms, house.providers)
        stages = Stages(lambda: house.pipeline.current, resources={ProviderMap: house.providers})
        sent = []
        for request in requests:
            inquiry = Inquiry(Exchange(request))
            made = await Forwarding(inquiry, router.route(inquiry), stages.begin(inquiry)).same()
            assert isinstance(made, HttpRequest)
            sent.append(made)
        return sent

    return asyncio.run(main())


def asked(*headers: tuple[bytes, bytes], target: bytes = b"/v1/messages") -> HttpRequest:
    return HttpRequest("POST", target, list(headers), b"{}")


def key(name: str) -> tuple[bytes, bytes]:
    """A client's sentinel key of a provider."""
    return b"x-api-key", f"{SENTINEL}{name}".encode()


CREDENTIALS = (b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key", b"x-pass", b"cookie")


def credentials(request: HttpRequest) -> Headers:
    return [(name.lower(), value) for name, value in request.headers if name.lower() in CREDENTIALS]


def test_a_credential_is_fetched_once_and_then_at_hand(tmp_path: Path) -> None:
    tally = Tally(tmp_path / "tally")
    sent = forwarded(config({"p": f"{tally.command}; echo T"}), *[asked(key("p"))] * 5)
    assert [credentials(each) for each in sent] == [[(b"authorization", b"Bearer T")]] * 5
    assert tally.runs == 1


def test_one_that_must_not_be_kept_is_fetched_each_time(tmp_path: Path) -> None:
    tally = Tally(tmp_path / "tally")
    auth = {"type": "command", "command": f"{tally.command}; wc -l < '{tally.file}'", "max_age_seconds": 0}
    sent = forwarded(config({"p": auth}), *[asked(key("p"))] * 3)
    assert [credentials(each)[0][1] for each in sent] == [b"Bearer 1", b"Bearer 2", b"Bearer 3"]


RULES: dict[str, tuple[dict[str, Any], list[tuple[bytes, bytes]]]] = {
    "another host": ({"dest_host": "api.example.com"}, []),
    "another host, with a path": ({"dest_host": "api.example.com", "dest_path": "/x"}, []),
    "a provider": ({"dest_provider": "q"}, [(b"x-pass", b"of-q")]),
    "a provider without a credential": ({"dest_provider": "s"}, []),
}


@pytest.mark.parametrize("rule", RULES)
def test_where_a_rule_leads(tmp_path: Path, rule: str) -> None:
    """The key of `p` leads to `p` only by itself: by a rule its credential goes nowhere, nor does the client's own."""
    what, expected = RULES[rule]
    auth = {"p": file(tmp_path, "of-p"), "q": file(tmp_path, "of-q", header="X-Pass"), "s": None}
    rules = {"transforms": [{"match_path": "^/v1/", **what}]}
    own = [(b"Authorization", b"Bearer real"), (b"Cookie", b"a=b"), (b"X-Goog-Api-Key", b"AIza")]
    sent = forwarded(config(auth, lightllm=rules), asked(key("p")), asked(*own), asked(*own, key("p")))
    assert [credentials(each) for each in sent] == [expected] * 3
    assert not any(b"of-p" in value or b"ccproxy" in value for each in sent for _, value in each.headers)


names = st.sampled_from(["p", "q", "r"])


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(names, st.sampled_from([b"x-api-key", b"authorization", b"x-goog-api-key"])), min_size=1, max_size=6
    )
)
def test_in_any_order_of_requests(turns: list[tuple[str, bytes]]) -> None:
    auth = {"p": "echo of-p", "q": {"type": "command", "command": "echo of-q", "header": "x-pass"}, "r": None}
    expected = {"p": [(b"authorization", b"Bearer of-p")], "q": [(b"x-pass", b"of-q")], "r": []}
    sent = forwarded(config(auth), *(asked((field, f"{SENTINEL}{name}".encode())) for name, field in turns))
    assert [credentials(each) for each in sent] == [expected[name] for name, _ in turns]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("command", ["echo the vault is locked >&2; exit 3", "true"])
def test_a_failing_source_is_a_401_in_the_clients_dialect(dialect: Dialect, command: str) -> None:
    reply, exchange = handled(dialect, command)
    assert isinstance(reply.body, bytes)
    answer = Response(reply.status, reply.reason or b"", reply.headers, [(0.0, reply.body)])
    assert "no credential for provider 'p'" in dialect.error(answer, 401)
    assert exchange.forwarded is None
    (result,) = (result for result in exchange.hooks if result.name == "inject_auth")
    assert (result.outcome, exchange.failure and exchange.failure.kind) == ("failed", "credential")


def handled(dialect: Dialect, command: str) -> tuple[Reply, Exchange]:
    """What a gateway replies whose provider has its credential from a command."""

    async def main() -> tuple[Reply, Exchange]:
        known = {"p": {"type": dialect.name, "base_url": DEAD, "auth": command}}
        house = House(Config.model_validate({"providers": known, "hooks": {"hooks_dir": None}}))
        request = HttpRequest("POST", dialect.target().encode(), [dialect.key("p")], dialect.body())
        exchange = Exchange(request)
        reply = await house.gateway.handle(exchange)
        await house.transport.close()
        return reply, exchange

    return asyncio.run(main())
