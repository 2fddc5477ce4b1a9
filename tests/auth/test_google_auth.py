"""`google_auth`: tokens for Google's credential files, by a real key, the real library, an endpoint on loopback."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccproxy.assembly import build_transport
from ccproxy.auth import CredentialError, CredentialSource, Posted, build_source, no_post
from ccproxy.auth.clock import Clock
from ccproxy.auth.google_auth import GoogleSource
from ccproxy.config import Config
from ccproxy.transport.posting import Poster
from tests.auth.conftest import Run
from tests.auth.house import Hands, until
from tests.auth.test_oauth_parts import JSON
from tests.support.google_cloud import EMAIL, SCOPE, TokenEndpoint, external, service_account, written
from tests.support.replies import always, json_reply, reply
from tests.support.upstream import Upstream, Wait

USER = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "made-up-refresh"}


@dataclass
class Cloud:
    """An endpoint, a file, and the way between them."""

    endpoint: TokenEndpoint
    upstream: Upstream
    file: Path
    post: Poster

    def source(self, clock: Clock | None = None, knobs: dict[str, Any] | None = None, **auth: Any) -> GoogleSource:
        return source_of({"file": str(self.file), **auth}, self.post, {}, clock, knobs)

    def key(self, **more: Any) -> Path:
        """Writes the key of the service account."""
        return written(self.file, service_account(f"{self.upstream.url}/token", **more))


def source_of(
    auth: dict[str, Any], post: Any, environ: dict[str, str], clock: Clock | None = None, knobs: Any = None
) -> GoogleSource:
    provider = {"type": "gemini", "host": "h", "auth": {"type": "google_auth", **auth}}
    knobs = {"refresh_jitter_seconds": 0} | (knobs or {})
    config = Config.model_validate({"providers": {"p": provider}, "auth": knobs})
    source: CredentialSource | None = build_source(
        config.providers["p"].auth, config.auth, post, environ, clock or Clock()
    )
    assert isinstance(source, GoogleSource)
    return source


@asynccontextmanager
async def cloud(folder: Path, lifetime: float = 3600) -> AsyncIterator[Cloud]:
    endpoint = TokenEndpoint(lifetime)
    upstream, transport = Upstream(endpoint.script), build_transport(Config())
    made = Cloud(endpoint, upstream, folder / "key.json", Poster(transport))
    made.key()
    try:
        yield made
    finally:
        await transport.close()
        upstream.stop()


def test_a_service_accounts_key_gives_a_token(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with cloud(tmp_path) as google:
            source = google.source()
            assert (source.kind, source.header, source.cached()) == ("google_auth", None, None)
            credential = await source.token()
            assert google.endpoint.takes(b"Bearer " + credential.token.encode())
            assert credential.headers == ()
            assert source.cached() == credential == await source.token()
            (said,) = google.endpoint.claims
            assert (said["iss"], said["scope"]) == (EMAIL, SCOPE)
            assert google.upstream.requests[0].field("user-agent") == b"ccproxy"
            state = await source.check()
            assert (state.where, state.present, state.refreshable, state.error) == (str(google.file), True, True, None)
            assert state.expires is not None
            assert state.refreshed is not None
            assert state.expires - state.refreshed == pytest.approx(3600, abs=5)
            assert len(google.endpoint.asked) == 1
            await source.settled()

    run(main())


def test_looking_at_it_asks_nobody(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with cloud(tmp_path) as google:
            state = await google.source().check()
            assert (state.present, state.expires, state.refreshed) == (True, None, None)
            assert google.endpoint.asked == []

    run(main())


def test_a_login_of_gcloud_is_refreshed_with_its_scopes_and_its_project(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with cloud(tmp_path) as google:
            written(google.file, USER | {"quota_project_id": "pays"})

            async def google_on_loopback(url: str, *rest: Any) -> Posted:
                assert url == "https://oauth2.googleapis.com/token", "it is not in the file"
                return await google.post(f"{google.upstream.url}/token", *rest)

            source = source_of({"file": str(google.file), "header": "X-Pass"}, google_on_loopback, {})
            credential = await source.token()
            assert source.header == "x-pass"
            assert credential.headers == (("x-goog-user-project", "pays"),)
            (asked,) = google.endpoint.asked
            assert asked["refresh_token"] == "made-up-refresh"
            assert asked["scope"] == SCOPE
            environ = {"GOOGLE_CLOUD_QUOTA_PROJECT": "pays-too"}
            source = source_of({"file": str(google.file)}, google_on_loopback, environ)
            assert (await source.token()).headers == (("x-goog-user-project", "pays-too"),)

    run(main())


def test_scopes_are_those_of_the_configuration(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with cloud(tmp_path) as google:
            with pytest.raises(CredentialError, match="Invalid claims"):
                await google.source(scopes=["a", "b"]).token()
            assert google.endpoint.claims[0]["scope"] == "a b"

    run(main())


def test_an_identity_of_another_house_is_exchanged(run: Run, tmp_path: Path) -> None:
    """RFC 8693, with a token that a file holds; and nothing else is asked of anybody."""
    (tmp_path / "subject").write_text("made-up-subject")

    async def main() -> None:
        async with cloud(tmp_path) as google:
            google.endpoint.refusals = [json_reply({"access_token": "exchanged", "expires_in": 60})]
            document = external({"file": str(tmp_path / "subject")}, f"{google.upstream.url}/v1/token")
            written(google.file, document)
            assert (await google.source().token()).token == "exchanged"
            (asked,) = google.endpoint.asked
            assert asked["subject_token"] == "made-up-subject"
            written(google.file, document | {"credential_source": {"url": google.upstream.url}})
            with pytest.raises(CredentialError, match="by GET, which ccproxy does not do"):
                await google.source().token()
            assert len(google.upstream.requests) == 1

    run(main())


def test_all_share_one_token(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with cloud(tmp_path) as google:
            source = google.source()
            first = asyncio.create_task(source.token())
            others = [asyncio.create_task(source.token()) for _ in range(20)]
            await asyncio.sleep(0)
            first.cancel()
            assert len({(await other).token for other in others}) == 1
            assert len(google.endpoint.asked) == 1

    run(main())


def test_it_is_renewed_beside_before_it_is_over(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with cloud(tmp_path) as google:
            hands = Hands()
            source = google.source(hands.clock)
            first = await source.token()
            hands.passed += 3600 - 59
            google.endpoint.refusals = [json_reply({"error": "not now"}, 400)]
            assert source.cached() is None
            assert await source.token() == first, "it is still good, and nobody waits for another"
            await source.settled()
            assert len(google.endpoint.asked) == 2
            assert source.cached() == first, "until it is time for another try"
            state = await source.check()
            assert (state.present, "not now" in str(state.error)) == (True, True)
            hands.passed += 61
            second = await source.token()
            assert second != first
            assert google.endpoint.takes(b"Bearer " + second.token.encode())

    run(main())


def test_in_use_it_is_renewed_although_nobody_asks(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with cloud(tmp_path, lifetime=1) as google:
            source = google.source()
            first = await source.token()
            await until(lambda: (now := source.cached()) is not None and now != first)
            await source.settled()
            assert len(google.endpoint.asked) >= 2

    run(main())


def test_one_that_is_refused_is_followed_by_another(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with cloud(tmp_path) as google:
            source = google.source()
            first = await source.token()
            others = await asyncio.gather(*(source.renew(first.token) for _ in range(5)))
            assert {other.token for other in others} == {(await source.token()).token}
            assert first not in others
            assert len(google.endpoint.asked) == 2
            assert (await source.renew(first.token)) == others[0], "who comes late gets what there is"
            with pytest.raises(
                CredentialError, match=rf"{google.file}: the token was renewed 0\.\d s ago and is refused"
            ):
                await source.renew(others[0].token)
            source.accepted(others[0].token)
            assert (await source.renew(others[0].token)) != others[0], "once it was taken, it is another matter"
            assert len(google.endpoint.asked) == 3

    run(main())


def test_a_key_that_changes_counts_at_once(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with cloud(tmp_path) as google:
            source = google.source()
            first = await source.token()
            google.key(quota_project_id="other")
            assert source.cached() is None
            second = await source.token()
            assert second.headers == (("x-goog-user-project", "other"),)
            google.file.unlink()
            with pytest.raises(CredentialError, match="does not exist; name another `file`, or log in with `gcloud"):
                await source.token()
            google.key()
            assert (await source.token()).token not in (first.token, second.token)
            assert (await source.check()).error is None

    run(main())


def test_a_failure_is_the_answer_for_a_moment(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with cloud(tmp_path) as google:
            hands = Hands()
            source = google.source(hands.clock)
            google.endpoint.refusals = [json_reply({"error": "invalid_grant", "error_description": "no\nmore"}, 400)]
            for _ in range(3):
                with pytest.raises(CredentialError, match=r"no access token could be had: invalid_grant: no more"):
                    await source.token()
            assert len(google.endpoint.asked) == 1
            assert "invalid_grant" in str((await source.check()).error)
            hands.passed += 1.1
            await source.token()
            assert (await source.check()).error is None

    run(main())


ANSWERS: dict[str, tuple[Any, str]] = {
    "secret": (json_reply({"error": "x", "error_description": "of " + "s3cr3t" * 9}, 400), "x: of [redacted]"),
    "page": (reply(404, body=b"<html>no such page</html>"), "could be had: <html>no such page</html>"),
    "list": (json_reply([]), "the answer could not be understood"),
    "number": (json_reply({"access_token": 5}), "the answer holds no access token"),
    "none": (json_reply({}), "No access token in response"),
    "expiry": (json_reply({"access_token": "a", "expires_in": "soon"}), "the answer could not be understood"),
    "lines": (json_reply({"access_token": "a\nb"}), "the access token holds more than one line"),
    "bytes": (reply(200, body=b"\xff\xfe"), "the answer could not be understood"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_that_are_none(run: Run, tmp_path: Path, name: str) -> None:
    answer, why = ANSWERS[name]

    async def main() -> None:
        async with cloud(tmp_path) as google:
            google.endpoint.refusals = [answer]
            with pytest.raises(CredentialError) as caught:
                await google.source().token()
            assert why in str(caught.value)
            assert str(caught.value).startswith(f"{google.file}: ")
            assert "s3cr3t" not in str(caught.value)

    run(main())


def test_one_that_does_not_come(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with cloud(tmp_path) as google:
            google.endpoint.refusals = [always(Wait(0.5))]
            with pytest.raises(CredentialError, match=r"did not answer within 0\.\d+ s"):
                await google.source(knobs={"refresh_timeout_seconds": 0.1}).token()
            google.upstream.stop()
            with pytest.raises(CredentialError, match=r"no access token could be had: .*127\.0\.0\.1"):
                await google.source().token()

    run(main())


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in service_account("https://h/t").items() if key != name}


FILES: dict[str, tuple[Any, str]] = {
    "garbled": (b'{"type": "service_acc', "is not JSON, or not all of it is there"),
    "empty": (b"", "is empty"),
    "list": (b"[]", "holds no JSON object"),
    "another": ({"installed": {}}, "is none of Google's credential files: its type is none of service_account"),
    "gdch": ({"type": "gdch_service_account"}, "is none of Google's credential files"),
    "no key": (without("private_key"), "cannot be used: "),
    "no mail": (without("client_email"), "missing fields client_email"),
    "half a key": (service_account("https://h/t") | {"private_key": "-----BEGIN"}, "cannot be used: it is garbled"),
    "a number for a key": (service_account("https://h/t") | {"private_key": 5}, "cannot be used: it is garbled"),
    "plain http": (service_account("http://tokens.example.com/t"), "tokens.example.com where everybody can read it"),
    "no url": (service_account("nowhere"), "it names an address that is no URL"),
    "a port too many": (service_account("https://h:99999/t"), "it names an address that is no URL"),
    "a number for a url": (service_account("https://h/t") | {"token_uri": 5}, "could not be understood"),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_none(run: Run, tmp_path: Path, name: str) -> None:
    content, why = FILES[name]
    file = tmp_path / "key.json"
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())

    async def main() -> None:
        source = source_of({"file": str(file)}, no_post, {})
        with pytest.raises(CredentialError) as caught:
            await source.token()
        assert why in str(caught.value)
        assert str(file) in str(caught.value)
        assert "PRIVATE" not in str(caught.value)
        assert (await source.check()).error is not None

    run(main())


def test_a_folder_is_none(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(CredentialError, match="cannot be read: Is a directory"):
            await source_of({"file": str(tmp_path)}, no_post, {}).token()

    run(main())


WHERE: list[tuple[dict[str, str], str]] = [
    ({"GOOGLE_APPLICATION_CREDENTIALS": "/a/b.json", "CLOUDSDK_CONFIG": "/c"}, "/a/b.json"),
    ({"CLOUDSDK_CONFIG": "/c"}, "/c/application_default_credentials.json"),
    ({"GOOGLE_APPLICATION_CREDENTIALS": ""}, "HOME/.config/gcloud/application_default_credentials.json"),
]


@pytest.mark.parametrize(("environ", "file"), WHERE)
def test_where_it_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], file: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    state = asyncio.run(source_of({}, no_post, environ).check())
    assert (state.where, state.present) == (file.replace("HOME", str(tmp_path)), False)
    assert "log in with `gcloud auth application-default login`" in str(state.error)


KINDS = ["service_account", "authorized_user", "external_account", "impersonated_service_account"]
MEMBERS = ["private_key", "client_email", "token_uri", "token_url", "audience", "credential_source", "refresh_token"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from([*MEMBERS, "source_credentials"]), JSON, max_size=5))
def test_whatever_is_in_a_file_is_told_as_such(tmp_path: Path, kind: str, members: dict[str, Any]) -> None:
    document = json.dumps({**service_account("https://h/t"), **members, "type": kind})
    (tmp_path / "key.json").write_text(document)

    async def main() -> None:
        with pytest.raises(CredentialError) as caught:
            await source_of({"file": str(tmp_path / "key.json")}, no_post, {}).token()
        assert "PRIVATE KEY" not in str(caught.value)

    asyncio.run(main())


def test_neither_the_library_nor_another_http_client_is_loaded_before_it_is_needed(tmp_path: Path) -> None:
    code = """
import asyncio, sys
from ccproxy.auth import build_source, no_post
from ccproxy.config.credential_forms import GoogleAuth
from ccproxy.config.credentials import AuthKnobs
source = build_source(GoogleAuth(file=None), AuthKnobs(), no_post, {"GOOGLE_APPLICATION_CREDENTIALS": sys.argv[1]})
print("google.auth" in sys.modules)
print(asyncio.run(source.check()).present, "google.auth" in sys.modules, "requests" in sys.modules)
"""
    file = written(tmp_path / "key.json", service_account("https://h/t"))
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "True", "False"], done.stderr
