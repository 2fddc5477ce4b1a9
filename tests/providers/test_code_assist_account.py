"""An account of Code Assist: what is asked of Google, when, and what is known of it meanwhile."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from ccproxy.assembly import build_transport
from ccproxy.auth import PostFailed
from ccproxy.config import Config
from ccproxy.exchange import HttpRequest, Origin
from ccproxy.transport.posting import Poster
from tests.auth.house import house, until
from tests.providers.google import DONE, LOADED, NEW, SECURED, TIER, WAITING, Google, name_of, run, setting, told
from tests.support.http import field_of
from tests.support.tls import Authority

METADATA = {"ideType": "IDE_UNSPECIFIED", "platform": "PLATFORM_UNSPECIFIED", "pluginType": "GEMINI"}
OWN = {"cloudaicompanionProject": "own-1", "metadata": {**METADATA, "duetProject": "own-1"}}


def test_the_project_is_asked_for_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "ccproxy")

    async def main() -> None:
        async with setting(tmp_path) as found:
            assert (found.account.project, found.account.trouble) == (None, "it is not known yet")
            assert await found.begun() == "found-1"
            assert await found.begun() == "found-1"
            assert found.account.trouble is None
            assert found.google.calls == [("loadCodeAssist", {"metadata": METADATA})]
            (request,) = found.google.requests
            assert (request.method, request.target) == ("POST", b"/v1internal:loadCodeAssist")
            assert found.google.tokens == ["made-up-token"]
            assert request.field("content-type") == b"application/json"
            assert request.field("host") == f"127.0.0.1:{found.google.port}".encode()

    run(main())
    assert told(caplog, logging.INFO) == ["provider 'g': its requests are made for the project found-1"]


def test_a_configured_project_counts_whatever_google_says(tmp_path: Path) -> None:
    async def main() -> None:
        async with setting(tmp_path, project="own-1") as found:
            assert (found.account.project, found.account.trouble) == ("own-1", None)
            assert await found.begun() == "own-1"
            assert found.google.calls == [("loadCodeAssist", OWN)]
            assert await found.begun() == "own-1"
            assert len(found.google.calls) == 1

    run(main())


@pytest.mark.parametrize("answer", [(200, {"currentTier": {}}), SECURED], ids=["told none", "behind a perimeter"])
def test_a_configured_project_will_do_where_google_knows_none(tmp_path: Path, answer: Any) -> None:
    async def main() -> None:
        async with setting(tmp_path, project="own-1") as found:
            found.google.answers["loadCodeAssist"] = [answer]
            assert await found.begun() == "own-1"
            assert found.account.trouble is None

    run(main())


# -- an account that is new


def test_a_new_account_is_put_into_the_tier_that_google_offers(tmp_path: Path) -> None:
    async def main() -> None:
        async with setting(tmp_path) as found:
            found.google.answers |= {"loadCodeAssist": [NEW], "onboardUser": [(200, DONE)]}
            assert await found.begun() == "made-1"
            assert found.google.calls[1:] == [("onboardUser", {"tierId": "free-tier", "metadata": METADATA})]
            assert found.paused == []

    run(main())


def test_a_new_account_stays_new_until_somebody_wants_to_use_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with setting(tmp_path) as found:
            found.google.answers |= {"loadCodeAssist": [NEW], "onboardUser": [(200, DONE)]}
            found.account.begin(onboards=False)
            await found.account.settled()
            assert [name for name, _ in found.google.calls] == ["loadCodeAssist"]
            assert found.account.trouble is not None
            assert "the first request sets it up" in found.account.trouble
            assert await found.begun() == "made-1"
            assert found.account.trouble is None

    run(main())
    assert told(caplog) == []


def test_the_operation_is_looked_at_until_it_is_done(tmp_path: Path) -> None:
    async def main() -> None:
        async with setting(tmp_path) as found:
            waiting = [(200, WAITING), (200, {}), (200, DONE)]
            found.google.answers |= {"loadCodeAssist": [NEW], "onboardUser": [(200, WAITING)], "operations/1": waiting}
            assert await found.begun() == "made-1"
            assert [name for name, _ in found.google.calls[2:]] == ["operations/1"] * 3
            assert {(each.method, each.target) for each in found.google.requests[2:]} == {
                ("GET", b"/v1internal/operations/1")
            }
            assert {each.field("content-length") for each in found.google.requests[2:]} == {None}
            assert found.google.tokens == ["made-up-token"] * 5
            assert found.paused == [5.0] * 3

    run(main())


TIERS: dict[str, tuple[dict[str, Any], str | None, dict[str, Any]]] = {
    "the free one, with a project": (NEW[1], "own-1", {"tierId": "free-tier", "metadata": METADATA}),
    "another, with a project": (
        {"currentTier": None, "allowedTiers": [TIER | {"isDefault": True}]},
        "own-1",
        {"tierId": "standard-tier", **OWN},
    ),
    "none, with a project": ({"ineligibleTiers": [{"reasonMessage": "no"}]}, "own-1", {"tierId": "legacy-tier", **OWN}),
}


@pytest.mark.parametrize("case", TIERS)
def test_which_tier_is_taken(tmp_path: Path, case: str) -> None:
    loaded, project, asked = TIERS[case]

    async def main() -> None:
        async with setting(tmp_path, project=project) as found:
            found.google.answers |= {"loadCodeAssist": [(200, loaded)], "onboardUser": [(200, {"done": True})]}
            assert await found.begun() == project
            assert found.google.calls[1:] == [("onboardUser", asked)]
            assert found.account.trouble is None

    run(main())


# -- the credential


def test_without_a_credential_nothing_is_asked_or_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        later = tmp_path / "later"
        async with setting(tmp_path, auth={"type": "file", "file": str(later)}) as found:
            assert await found.begun() is None
            assert "no credential for provider 'g'" in (found.account.trouble or "")
            assert found.google.calls == []
            later.write_text("t")
            assert found.provider.source is not None
            found.provider.source.invalidate()  # as `ccproxy auth` does
            assert await found.begun() == "found-1"

    run(main())
    assert told(caplog) == []


def test_a_provider_that_needs_none_is_asked_without(tmp_path: Path) -> None:
    async def main() -> None:
        async with setting(tmp_path, auth=None) as found:
            assert await found.begun() == "found-1"
            assert found.google.requests[0].field("authorization") is None

    run(main())


def test_a_token_that_is_refused_is_renewed_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with house(tmp_path, "google_oauth") as login:
            secrets = {"client_id": "ours", "client_secret": "not-a-secret", "endpoint": login.server.url}
            auth = {"type": "google_oauth", "file_path": str(login.file), **secrets}
            google = Google()
            google.takes = login.issuer.is_valid
            google.answers |= {"loadCodeAssist": [NEW], "onboardUser": [(200, DONE)]}
            first = login.login()["access_token"]
            login.issuer.expire()
            async with setting(tmp_path, google, auth=auth) as found:
                assert await found.begun() == "made-1"
                assert (google.names, login.posts) == (["loadCodeAssist", "loadCodeAssist", "onboardUser"], 1)
                assert google.tokens == [first, *[login.held[0]] * 2]

    run(main())
    assert told(caplog) == []


@pytest.mark.parametrize("refresh", [True, False])
def test_one_that_stays_refused_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture, refresh: bool) -> None:
    async def main() -> None:
        async with house(tmp_path, "google_oauth") as login:
            secrets = {"client_id": "ours", "client_secret": "not-a-secret", "endpoint": login.server.url}
            auth = {"type": "google_oauth", "file_path": str(login.file), **secrets}
            token = login.login(**({} if refresh else {"refresh_token": "gone"}))["access_token"]
            google = Google()
            google.takes = lambda token: False
            async with setting(tmp_path, google, auth=auth) as found:
                assert await found.begun() is None
                assert (len(google.calls), login.posts) == (2 if refresh else 1, 1)
                trouble = found.account.trouble or ""
                assert token not in trouble
                advice = "401 UNAUTHENTICATED: Invalid Credentials (log in again, for example with `gemini`)"
                assert (advice if refresh else "Google answered 401, and no other credential") in trouble

    run(main())
    assert len(told(caplog)) == 1


# -- asked anew, one at a time, to the end


def test_a_refusal_has_it_asked_anew_once_a_minute(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "ccproxy")

    async def main() -> None:
        async with setting(tmp_path) as found:
            moved = (200, {"currentTier": TIER, "cloudaicompanionProject": "found-2"})
            found.google.answers["loadCodeAssist"] = [LOADED, (500, b""), moved]
            await found.begun()
            for passed, asked, project in (
                (0, 2, "found-1"),
                (59, 2, "found-1"),
                (1, 3, "found-2"),
                (60, 4, "found-2"),
            ):
                found.hands.passed += passed
                found.account.refused()
                assert found.account.project is not None, "nobody waits for it"
                await found.account.settled()
                assert (len(found.google.calls), found.account.project) == (asked, project)
            assert found.account.trouble is None

    run(main())
    assert [line.rpartition(" ")[2] for line in told(caplog, logging.INFO)] == ["found-1", "found-2"]
    assert [line.rpartition("; ")[2] for line in told(caplog)] == ["its requests go with the project found-1"]


def test_one_at_a_time(tmp_path: Path) -> None:
    async def main() -> None:
        async with setting(tmp_path) as found:
            found.google.open.clear()
            for _ in range(5):
                found.account.begin()
                found.account.refused()
                await asyncio.sleep(0.01)
            found.google.open.set()
            await found.account.settled()
            assert found.google.names == ["loadCodeAssist"]
            assert found.account.project == "found-1"

    run(main())


def test_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with setting(tmp_path) as found:
            found.google.open.clear()
            found.account.begin()
            await until(lambda: found.google.requests)
            await found.account.close()
            found.account.begin()
            found.account.refused()
            await found.account.settled()
            assert (found.google.names, found.account.project) == (["loadCodeAssist"], None)

    run(main())
    assert told(caplog) == []


# -- the way


def test_the_providers_own_way_is_taken(tmp_path: Path, authority: Authority) -> None:
    async def main() -> None:
        google = Google(authority.server_context())
        async with setting(tmp_path, google, ca_file=str(authority.ca_file)) as found:
            assert await found.begun() == "found-1"
        google = Google(authority.server_context())
        async with setting(tmp_path, google) as found:
            assert await found.begun() is None
            assert "not trusted" in (found.account.trouble or "")

    run(main())


def test_the_simulator_is_such_an_account(tmp_path: Path) -> None:
    async def main() -> None:
        google = Google()
        del google.answers["loadCodeAssist"]
        async with setting(tmp_path, google) as found:
            assert await found.begun() == "simulated-project"
        async with setting(tmp_path, base_url="simulator:", auth=None) as found:
            assert await found.begun() == "simulated-project"

    run(main())


def test_a_path_below_another_and_a_query_of_its_own(tmp_path: Path) -> None:
    async def main() -> None:
        async with setting(tmp_path, path="/a/v1internal:{action}?b=c") as found:
            found.google.answers = {"loadCodeAssist": [NEW], "onboardUser": [(200, WAITING)]}
            found.google.answers["operations/1"] = [(200, DONE)]
            assert await found.begun() == "made-1"
            assert [each.target for each in found.google.requests] == [
                b"/a/v1internal:loadCodeAssist?b=c",
                b"/a/v1internal:onboardUser?b=c",
                b"/a/v1internal/operations/1?b=c",
            ]

    run(main())


def test_who_does_not_answer_in_time() -> None:
    async def main() -> None:
        google, transport = Google(), build_transport(Config())
        google.open.clear()
        request = HttpRequest("POST", b"/v1internal:loadCodeAssist", [(b"A", b"b")])
        with pytest.raises(PostFailed, match=r"did not answer within 0\.1 s"):
            await Poster(transport).call(Origin("http", "127.0.0.1", google.port), request, 0.1)
        assert (name_of(google.requests[0]), field_of(google.requests[0].headers, "content-length")) == (
            "loadCodeAssist",
            b"0",
        )
        await transport.close()
        google.stop()

    run(main())
