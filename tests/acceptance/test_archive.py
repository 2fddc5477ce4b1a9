"""What passes is in the archive, whoever is killed, and is what passed: bodies to the last byte, credentials not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ccproxy.exchange import Exchange
from tests.conftest import StartDaemon, StartUpstream
from tests.support.archives import (
    SIMULATOR,
    all_there,
    archived,
    bytes_on_disk,
    is_alive,
    is_intact,
    kill,
    path_of,
    send,
    summaries,
    until,
    writer_of,
)
from tests.support.configs import provider
from tests.support.daemon import Daemon, Home
from tests.support.replies import SSE, chunk, head, reply, stream
from tests.support.upstream import Close, Recorded, Script, Send, Step, Upstream

CREDENTIAL = "sk-ant-api03-a-key-of-the-clients-own-0123456789abcdefghij"
PROVIDERS_OWN = "token-of-the-provider-0123456789abcdef"
EVENT = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"text":"%d"}}\n\n'
BINARY = bytes(range(256)) * 4096
LARGE_BYTES = 50 * 1024 * 1024
KEPT_BYTES = 16 * 1024 * 1024


def said(agent: str) -> tuple[bytes, Script]:
    """What one client sends, and what it is answered."""
    events = [EVENT % number for number in range(10_000)]
    return {
        "plain": (b'{"model": "m",  "messages": []}', reply(body=b'{"type": "message", "text": "so it is"}')),
        "tells its key": (json.dumps({"model": "m", "note": f"is {CREDENTIAL} right?"}).encode(), reply()),
        "no text": (b'{"model":"\xff\xfe\x80"}', reply(body=b'{"odd": "\xc3\x28"}')),
        "binary": (BINARY, reply(headers=[(b"Content-Type", b"application/octet-stream")], body=BINARY[::-1])),
        "large": (
            b"{}",
            reply(headers=[(b"Content-Type", b"application/octet-stream")], body=b"\0x" * (LARGE_BYTES // 2)),
        ),
        "events": (b'{"stream": true}', stream(events)),
        "broken off": (b'{"stream": true}', broken(events[:50])),
        "no answer": (b'{"model": "m"}', lambda request: [Close()]),
        "empty": (b"", reply(204, headers=[], body=b"")),
    }[agent]


def broken(events: list[bytes]) -> Script:
    """An answer that ends in the middle."""
    begin = head(200, [SSE, (b"Transfer-Encoding", b"chunked")]) + b"".join(map(chunk, events))
    return lambda request: [Send(begin), Close()]


CLIENTS = ("plain", "tells its key", "no text", "binary", "large", "events", "broken off", "no answer", "empty")


def answer(request: Recorded) -> Iterator[Step]:
    """By who asks."""
    agent = next(value for name, value in request.headers if name.lower() == b"user-agent")
    yield from said(agent.decode())[1](request)


@dataclass
class Past:
    """A daemon that was killed: what it left, and what its clients got."""

    home: Home
    answers: dict[str, bytes]
    left_at_once: frozenset[str]
    """The flows that the archive had when the last client had its answer and a second more had passed."""

    def exchange(self, agent: str) -> Exchange:
        """As the archive has it."""
        return archived(self.home, agent)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """All clients have their answers, then the daemon is killed."""
    upstream, home = Upstream(answer), Home()
    token = tmp_path_factory.mktemp("tokens") / "token"
    token.write_text(PROVIDERS_OWN)
    config = {"providers": {"sim": provider("anthropic", upstream.url, {"type": "file", "file": str(token)})}}
    daemon = Daemon(config, home=home, archive=True)
    daemon.start()
    try:
        answers = {}
        for agent in CLIENTS:
            fields = [(b"x-api-key", b"sk-ant-oat-ccproxy-sim"), (b"user-agent", agent.encode())]
            fields += [(b"authorization", f"Bearer {CREDENTIAL}".encode()), (b"cookie", b"session=abcdef0123456789")]
            answers[agent] = daemon.ask("POST", f"/v1/messages?api_key={CREDENTIAL}", fields, said(agent)[0]).body
        until(lambda: daemon.control("GET", "/status")["archive"]["waiting"] == 0, "everything is acknowledged")
        kill(daemon.pid)
        daemon.stop()
        yield Past(home, answers, frozenset(summaries(home)))
    finally:
        daemon.stop()
        upstream.stop()
        home.remove()


def test_every_flow_is_there(past: Past) -> None:
    assert past.left_at_once >= set(CLIENTS)
    assert is_intact(path_of(past.home)) == "ok"


@pytest.mark.parametrize("agent", [name for name in CLIENTS if name not in {"tells its key", "large"}])
def test_what_is_kept_is_what_passed(past: Past, agent: str) -> None:
    ex = past.exchange(agent)
    assert ex.done
    assert ex.request.body == said(agent)[0]
    assert ex.response is not None
    assert ex.response.body == past.answers[agent]


def test_a_body_beyond_the_bound_of_a_record_is_kept_up_to_it(past: Past) -> None:
    response = past.exchange("large").response
    assert response is not None
    assert response.body == (b"\0x" * (KEPT_BYTES // 2))
    assert response.size == LARGE_BYTES == len(past.answers["large"])


def test_what_went_wrong_is_told(past: Past) -> None:
    silent, broken = past.exchange("no answer"), past.exchange("broken off")
    assert silent.failure is not None
    assert silent.provider_response is None
    assert broken.failure is not None
    assert broken.provider_response is not None
    assert not broken.provider_response.complete


def test_no_credential_is_on_the_disk(past: Past) -> None:
    for client in CLIENTS:
        ex = past.exchange(client)
        told = b"".join(value for request in (ex.request, ex.forwarded) if request for _, value in request.headers)
        whole = told + ex.request.target + ex.request.body + (ex.forwarded.body if ex.forwarded else b"")
        assert CREDENTIAL.encode() not in whole
        assert PROVIDERS_OWN.encode() not in whole
        assert b"sk-ant-oat-ccproxy-sim" in told
    on_disk = bytes_on_disk(past.home)
    assert CREDENTIAL.encode() not in on_disk
    assert PROVIDERS_OWN.encode() not in on_disk
    assert past.exchange("tells its key").request.body.startswith(b'{"model": "m", "note": "is ')


def test_files_are_their_users_only(past: Past) -> None:
    directory = path_of(past.home).parent
    assert directory.stat().st_mode & 0o077 == 0
    assert [file.name for file in directory.iterdir() if file.stat().st_mode & 0o077] == []


def test_credentials_are_kept_encrypted_if_that_is_wanted(start_daemon: StartDaemon) -> None:
    daemon = start_daemon(SIMULATOR | {"flows": {"secrets": "encrypted"}}, archive=True)
    daemon.ask("POST", "/v1/messages", [(b"user-agent", b"a"), (b"x-api-key", CREDENTIAL.encode())], b"{}")
    assert (b"x-api-key", CREDENTIAL.encode()) not in archived(daemon.home, "a").request.headers
    assert (b"x-api-key", CREDENTIAL.encode()) in archived(daemon.home, "a", secrets=True).request.headers
    assert CREDENTIAL.encode() not in bytes_on_disk(daemon.home)


def test_metadata_alone_and_hosts_that_are_left_out(start_daemon: StartDaemon, start_upstream: StartUpstream) -> None:
    upstream = start_upstream(reply(body=b'{"usage": {"input_tokens": 3, "output_tokens": 4}}'))
    providers = {
        "kept": provider("anthropic", upstream.url),
        "private": provider("anthropic", f"http://localhost:{upstream.port}"),
    }
    flows = {"archive": "metadata", "exclude_hosts": ["local*"]}
    daemon = start_daemon({"providers": providers, "flows": flows})
    for name in ("private", "kept"):
        key = (b"x-api-key", f"sk-ant-oat-ccproxy-{name}".encode())
        assert (
            daemon.ask("POST", "/v1/messages", [key, (b"user-agent", name.encode())], b'{"model": "m"}').status == 200
        )
    ex = archived(daemon.home, "kept")
    assert (ex.request.body, ex.request.size) == (b"", len(b'{"model": "m"}'))
    told = summaries(daemon.home)
    assert told["kept"]["model"] == "m"
    assert told["kept"]["usage"]["output_tokens"] == 4
    assert "private" not in told
    until(lambda: agents(daemon, "/flows?unarchived=1") == ["private"], "the daemon knows what the archive has not")
    assert agents(daemon, "/flows") == ["private", "kept"]


def agents(daemon: Daemon, target: str) -> list[str | None]:
    """Who sent the flows that the control plane tells; signs of life are nobody's."""
    return [flow["user_agent"] for flow in daemon.control("GET", target) if flow["path"] != "/health"]


def test_switched_off_there_is_neither_file_nor_process(start_daemon: StartDaemon) -> None:
    daemon = start_daemon(SIMULATOR | {"flows": {"archive": "off"}})
    assert send(daemon, "a") == 200
    assert daemon.control("GET", "/status")["archive"]["mode"] == "off"
    assert agents(daemon, "/flows?unarchived=1")[-1] == "a"
    assert writer_of(daemon) is None
    assert daemon.stop() == 0
    assert not path_of(daemon.home).exists()


def test_two_daemons_write_to_one_archive_and_the_end_waits_for_it(start_daemon: StartDaemon) -> None:
    one = start_daemon(SIMULATOR, archive=True)
    two = start_daemon(SIMULATOR, {"XDG_STATE_HOME": str(one.home.root / "state")}, archive=True)
    for number in range(30):
        assert send(one, f"one {number}") == 200
        assert send(two, f"two {number}") == 200
    writers = [until(lambda each=each: writer_of(each), "a writer") for each in (one, two)]
    assert one.stop() == two.stop() == 0
    assert all_there(one.home, {f"{name} {number}" for name in ("one", "two") for number in range(30)})
    until(lambda: not any(map(is_alive, writers)), "the writers end with their daemons")
    assert is_intact(path_of(one.home)) == "ok"
    assert not path_of(two.home).exists()
