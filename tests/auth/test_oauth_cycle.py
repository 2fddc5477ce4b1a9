from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from ccproxy.auth import CredentialError, no_post
from tests.auth.conftest import Run
from tests.auth.house import FILES, Hands, document, house, until
from tests.support.token_server import Fault, Issuer, jwt

KINDS = list(FILES)


@pytest.mark.parametrize("kind", KINDS)
def test_a_valid_token_is_used_and_kept_at_hand(run: Run, tmp_path: Path, kind: str) -> None:
    async def main() -> None:
        async with house(tmp_path, kind) as home:
            tokens = home.login()
            source = home.source()
            assert source.cached() is None
            assert (await source.token()).token == tokens["access_token"]
            cached = source.cached()
            assert cached is not None
            assert cached.token == tokens["access_token"]
            assert home.posts == 0

    run(main())


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_is_over_is_refreshed_and_written_back(run: Run, tmp_path: Path, kind: str) -> None:
    async def main() -> None:
        async with house(tmp_path, kind) as home:
            old = home.login(-5)
            before = home.read()
            source = home.source()
            token = (await source.token()).token
            assert home.issuer.is_valid(token)
            assert home.held[0] == token
            assert home.issuer.is_current(home.held[1])
            assert (home.held[1] == old["refresh_token"]) == (kind == "google_oauth")
            after = home.read()
            assert list(after) == list(before), "members and their order"
            assert after["more"] == before["more"]
            assert home.posts == 1
            state = await source.check()
            assert (state.present, state.error, state.refreshable) == (True, None, True)
            assert state.refreshed is not None
            assert state.expires is not None
            assert state.expires - state.refreshed == pytest.approx(3600, abs=5)

    run(main())


def test_what_is_posted(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path / "a") as home:
            old = home.login(-5)
            await home.source().token()
            [post] = home.issuer.posts
            assert post["(type)"] == "application/json"
            assert post["refresh_token"] == old["refresh_token"]
            assert post["client_id"] == "9d1c250a-e61b-44d9-88ed-5944d1962f5e"
            assert "user:inference" in post["scope"]
        async with house(tmp_path / "g", "google_oauth") as home:
            home.login(-5)
            await home.source().token()
            [post] = home.issuer.posts
            assert post["(type)"].startswith("application/x-www-form-urlencoded")
            assert (post["client_id"], post["client_secret"], "scope" in post) == ("ours", "not-a-secret", False)
        async with house(tmp_path / "c", "codex_oauth") as home:
            home.login(-5)
            await home.source().token()
            assert set(home.issuer.posts[0]) == {"(type)", "grant_type", "refresh_token", "client_id"}

    run(main())


def test_within_the_headroom_it_is_used_at_once_and_renewed_beside(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            old = home.login(30)
            home.server.fail(Fault("delay", seconds=0.3))
            source = home.source()
            assert (await source.token()).token == old["access_token"]
            cached = source.cached()
            assert cached is not None
            assert cached.token == old["access_token"], "still at hand while the other is got"
            await until(lambda: (now := source.cached()) is not None and now.token != old["access_token"])
            assert home.posts == 1

    run(main())


def test_jitter_makes_it_earlier(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            old = home.login(5000)
            source = home.source(knobs={"refresh_headroom_seconds": 0, "refresh_jitter_seconds": 10_000_000})
            assert (await source.token()).token == old["access_token"]
            await source.settled()
            assert home.posts == 1
            await home.source(knobs={"refresh_headroom_seconds": 0, "refresh_jitter_seconds": 1}).token()
            assert home.posts == 1

    run(main())


def test_a_short_life_is_no_reason_to_refresh_all_the_time(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, issuer=Issuer(30)) as home:
            home.login(30)
            source, hands = home.source(), Hands()
            await source.token()
            await source.settled()
            for _ in range(20):
                await source.token()
            assert home.posts == 1
            source = home.source(hands.clock)
            await source.token()
            await source.settled()
            assert home.posts == 2, "the first that a process sees is renewed once"
            hands.passed += 16
            await source.token()
            await source.settled()
            assert home.posts == 3, "half of its life is over"

    run(main())


def test_all_share_one_refresh(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            home.login(-5)
            home.server.fail(Fault("delay", seconds=0.2))
            source = home.source()
            first = asyncio.create_task(source.token())
            others = [asyncio.create_task(source.token()) for _ in range(50)]
            await until(lambda: home.posts)
            first.cancel()
            assert len({(await other).token for other in others}) == 1
            assert home.issuer.counters["granted"] == home.posts == 1

    run(main())


def test_what_tells_no_expiry_is_used_until_it_is_refused(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            tokens = home.issuer.issue()
            home.write({"access_token": tokens["access_token"], "refresh_token": tokens["refresh_token"]})
            source = home.source()
            assert (await source.token()).token == tokens["access_token"]
            assert (await source.check()).expires is None
            assert home.posts == 0
            token = (await source.renew(tokens["access_token"])).token
            assert home.read()["access_token"] == token
            assert home.read()["expires_at"] > 1_000_000_000_000, "milliseconds, for want of a pattern"

    run(main())


@pytest.mark.parametrize("kind", KINDS)
def test_valid_without_refresh_token(run: Run, tmp_path: Path, kind: str) -> None:
    async def main() -> None:
        async with house(tmp_path, kind) as home:
            tokens = home.login(30, refresh_token="")
            source = home.source()
            assert (await source.token()).token == tokens["access_token"]
            assert source.cached() is not None
            state = await source.check()
            assert (state.present, state.refreshable) == (True, False)
            home.login(-30, refresh_token="")
            with pytest.raises(CredentialError, match=r"without a refresh token; log in again with `"):
                await source.token()
            assert home.posts == 0
            assert not (await source.check()).present
            state = await home.source().check()
            assert not state.present, "nobody has asked for it yet"
            assert "is over; it cannot be refreshed without a refresh token; log in again with `" in str(state.error)

    run(main())


def test_what_went_wrong_with_a_former_file_is_not_told_of_the_next(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            source = home.source()
            with pytest.raises(CredentialError, match=r"does not exist; log in with `claude`"):
                await source.token()
            home.login(-5)
            state = await source.check()
            assert (state.present, state.refreshable, state.error) == (True, True, None)
            home.login(-5, refresh_token="rt-of-yesterday")
            with pytest.raises(CredentialError, match="invalid_grant"):
                await source.token()
            assert "invalid_grant" in str((await source.check()).error)
            home.login()
            assert (await source.check()).error is None

    run(main())


def test_a_dead_endpoint_does_no_harm_while_the_token_is_valid(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            old = home.login(30)
            hands = Hands()
            source = home.source(hands.clock)
            home.server.fail(*(Fault(status=500, error="overloaded") for _ in range(3)))
            tried = []
            for _ in range(12):
                assert (await source.token()).token == old["access_token"]
                await source.settled()
                tried.append(home.posts)
                hands.passed += 0.6
            assert tried[-1] == 3, f"1 s, 2 s, then 4 s after the one before: {tried}"
            assert "500: overloaded" in str((await source.check()).error)
            hands.passed += 10
            await source.token()
            await source.settled()
            assert (await source.token()).token != old["access_token"]
            assert (await source.check()).error is None

    run(main())


def test_a_failure_is_the_answer_for_a_second(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            home.login(-5)
            home.server.fail(Fault(status=503, error="unavailable"))
            hands = Hands()
            source = home.source(hands.clock)
            for _ in range(5):
                with pytest.raises(CredentialError, match=r"credentials\.json: .* status 503: unavailable"):
                    await source.token()
            assert home.posts == 1
            hands.passed += 1.1
            await source.token()
            assert home.posts == 2

    run(main())


def test_invalid_grant_is_the_answer_until_the_file_changes(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            home.login(-5, refresh_token="rt-of-yesterday")
            hands = Hands()
            source = home.source(hands.clock)
            for _ in range(4):
                with pytest.raises(CredentialError, match=r"invalid_grant.*log in again with `claude`"):
                    await source.token()
                hands.passed += 100
            assert home.posts == 1
            state = await source.check()
            assert (state.present, state.refreshable) == (False, False)
            assert "invalid_grant" in str(state.error)
            home.login(-5)
            await source.token()
            assert home.posts == 2
            assert (await source.check()).error is None

    run(main())


def test_a_refused_refresh_token_does_not_harm_a_valid_token(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            old = home.login(50, refresh_token="rt-of-yesterday")
            hands = Hands()
            source = home.source(hands.clock)
            for _ in range(10):
                assert (await source.token()).token == old["access_token"]
                await source.settled()
                hands.passed += 2
            assert home.posts == 1

    run(main())


def test_another_has_been_quicker(run: Run, tmp_path: Path) -> None:
    """invalid_grant, because another program has used the refresh token and written what it got."""

    async def main() -> None:
        async with house(tmp_path, "codex_oauth") as home:
            old = home.login(-5)
            source = home.source()
            await source.check()
            _, answer = home.issuer.grant({"grant_type": "refresh_token", "refresh_token": old["refresh_token"]})
            new = home.issuer.issue() | answer
            home.server.fail(Fault(status=401, error="refresh_token_reused"))
            asked = asyncio.create_task(source.token())
            await until(lambda: home.posts)
            home.write(document(home.kind, new))
            assert (await asked).token == answer["access_token"]
            assert home.posts == 1
            assert home.issuer.is_current(home.held[1])

    run(main())


def test_replaced_during_a_refresh(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            home.login(-5)
            home.server.fail(Fault("delay", seconds=0.3))
            source = home.source()
            asked = asyncio.create_task(source.token())
            await until(lambda: home.posts)
            new = home.login()
            assert (await asked).token == new["access_token"], "who has logged in anew meanwhile is right"
            assert home.held == (new["access_token"], new["refresh_token"])

    run(main())


def test_renew_takes_what_the_file_has_got(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            old = home.login()
            source = home.source()
            await source.token()
            new = home.login()
            assert (await source.renew(old["access_token"])).token == new["access_token"]
            assert home.posts == 0

    run(main())


def test_renew_is_forced_shared_and_not_repeated(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            old = home.login()
            hands = Hands()
            source = home.source(hands.clock)
            refused = (await source.token()).token
            assert refused == old["access_token"]
            renewed = {(await each).token for each in [asyncio.create_task(source.renew(refused)) for _ in range(20)]}
            assert len(renewed) == home.posts == 1
            [token] = renewed
            assert home.issuer.is_valid(token)
            assert (await source.renew(refused)).token == token, "who comes late gets the same"
            for _ in range(3):
                with pytest.raises(CredentialError, match=r"renewed .* s ago and is refused again"):
                    await source.renew(token)
            assert home.posts == 1
            hands.passed += 11
            assert (await source.renew(token)).token != token
            assert home.posts == 2

    run(main())


def test_renew_where_the_endpoint_is_dead(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            token = home.login()["access_token"]
            home.server.fail(Fault(status=500, error="x"))
            source = home.source()
            for _ in range(3):
                with pytest.raises(CredentialError, match="status 500: x"):
                    await source.renew(token)
            assert home.posts == 1
            assert (await source.token()).token == token, "by the clock it is valid"

    run(main())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
def test_a_clock_that_is_off_by_an_hour(run: Run, tmp_path: Path, kind: str, ahead: float) -> None:
    async def main() -> None:
        issuer = Issuer(1800, rotate=kind != "google_oauth", codex=kind == "codex_oauth")
        async with house(tmp_path, kind, issuer) as home:
            home.login(1800)
            hands = Hands(ahead)
            source = home.source(hands.clock)
            token = (await source.token()).token
            if not issuer.is_valid(token):
                token = (await source.renew(token)).token
            for _ in range(10):
                source.invalidate()
                assert issuer.is_valid((await source.token()).token)
            await home.source(hands.clock).token()
            assert home.posts <= 2, "one for each process at most"

    run(main())


@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
def test_with_the_endpoints_clock_known_jwts_are_renewed_in_time(run: Run, tmp_path: Path, ahead: float) -> None:
    async def main() -> None:
        issuer = Issuer(1800, codex=True)
        async with house(tmp_path, "codex_oauth", issuer) as home:
            home.login(-5)
            source = home.source(Hands(ahead).clock)
            await source.renew((await source.token()).token) if ahead < 0 else await source.token()
            other = home.login(1800)
            assert (await source.token()).token == other["access_token"], "from another program, with its own end"
            state = await source.check()
            assert state.expires is not None
            assert state.expires == pytest.approx(other["expires_at"] + ahead, abs=5)

    run(main())


def test_companions(run: Run, tmp_path: Path) -> None:
    claims = {"chatgpt_account_id": "acc-claim", "chatgpt_account_is_fedramp": True}
    token = jwt({"exp": 9_999_999_999, "https://api.openai.com/auth": claims})

    async def main() -> None:
        async with house(tmp_path, "codex_oauth") as home:
            home.login()
            assert (await home.source().token()).headers == (("ChatGPT-Account-ID", "acc-1"),)
            home.write({"tokens": {"access_token": token, "refresh_token": "r"}})
            expected = (("ChatGPT-Account-ID", "acc-claim"), ("X-OpenAI-Fedramp", "true"))
            assert (await home.source().token()).headers == expected
            home.write({"tokens": {"access_token": "opaque", "id_token": "x.y.z", "account_id": "a\nb"}})
            assert (await home.source().token()).headers == ()
            home.login(-5)
            await home.source().token()
            after = home.read()
            assert after["tokens"]["account_id"] == "acc-1"
            assert after["last_refresh"] > "2026"
            assert after["last_refresh"].endswith("Z")

    run(main())


def test_an_api_key_is_no_login(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path, "codex_oauth") as home:
            home.write({"auth_mode": "apikey", "OPENAI_API_KEY": "sk-hunter2", "tokens": None})
            with pytest.raises(
                CredentialError, match=r"an API key and no ChatGPT login.*jq -r \.OPENAI_API_KEY"
            ) as said:
                await home.source().token()
            assert "hunter2" not in str(said.value)

    run(main())


def test_two_places_for_claude(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    async def main() -> None:
        async with house(tmp_path) as home:
            source = home.source(file_path=None)
            with pytest.raises(CredentialError, match=r"/\.claude/\.credentials\.json does not exist"):
                await source.token()
            theirs = home.login()
            assert (await source.token()).token == theirs["access_token"], "a file that appears is found at once"
            ours = tmp_path / ".config/ccproxy/oauth/anthropic.json"
            ours.parent.mkdir(parents=True)
            ours.write_text(json.dumps({"access_token": "flat", "expires_at": "2099-01-01T00:00:00Z"}))
            source.invalidate()
            assert (await source.token()).token == "flat"

    run(main())


def test_without_a_network_nothing_is_lost(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with house(tmp_path) as home:
            home.login(-5)
            before = home.file.read_bytes()
            home.post = no_post
            with pytest.raises(CredentialError, match="it could not be refreshed: nothing may be sent"):
                await home.source().token()
            assert home.file.read_bytes() == before

    run(main())
