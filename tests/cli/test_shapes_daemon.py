"""`ccproxy shapes` beside a running daemon: what is saved is in force at once, and `status` tells how shapes stand."""

from __future__ import annotations

import json
from typing import Any

from tests.conftest import StartDaemon
from tests.support.archived import call
from tests.support.daemon import Daemon
from tests.support.http import Response
from tests.support.made_up_client import BODY, headers
from tests.support.upstream import Upstream

SENTINEL = b"sk-ant-oat-ccproxy-work"
CAPTURE = "run: ccproxy shapes capture anthropic -- claude -p hi"
OTHER = {"model": "other", "max_tokens": 7, "messages": [{"role": "user", "content": "from an SDK"}]}


def by_client(daemon: Daemon, version: str) -> Response:
    """A request of the made-up client."""
    own = [(name, SENTINEL if name == b"x-api-key" else value) for name, value in headers(version)]
    kept = [(name, value) for name, value in own if name not in (b"Host", b"Content-Length")]
    return daemon.ask("POST", "/v1/messages?beta=true", kept, json.dumps(BODY).encode())


def by_sdk(daemon: Daemon) -> Response:
    """A request of another program."""
    fields = [(b"x-api-key", SENTINEL), (b"user-agent", b"sdk/1"), (b"content-type", b"application/json")]
    return daemon.ask("POST", "/v1/messages", fields, json.dumps(OTHER).encode())


def standing(daemon: Daemon) -> dict[str, Any]:
    (told,) = json.loads(call(daemon.home, "status", "--json").stdout)["shapes"]
    assert (told["profile"], told["providers"]) == ("anthropic", ["work"])
    return dict(told)


def test_a_shape_is_in_force_once_it_is_saved(start_daemon: StartDaemon, upstream: Upstream) -> None:
    provider = {"type": "anthropic", "base_url": upstream.url, "shape": "anthropic", "auth": {"command": "echo T"}}
    daemon = start_daemon({"providers": {"work": provider}})
    home = daemon.home

    assert by_sdk(daemon).status == 500
    assert (standing(daemon)["state"], standing(daemon)["fix"]) == ("missing", CAPTURE)
    shown = call(home, "status").stdout
    assert f"shape      anthropic: there is no shape for the profile 'anthropic' yet  {CAPTURE}" in shown

    by_client(daemon, "1.2.3")
    saved = call(home, "shapes", "save", "anthropic", "--limit", "1", "--mflow")
    kept, told, *hints = saved.stderr.splitlines()
    assert (saved.exit_code, told) == (0, "requests to work are shaped by it now")
    assert kept.startswith("kept: made-up 1.2.3 of 20")
    assert "it came to ccproxy's own address" in hints[0]
    upstream.forget()
    assert by_sdk(daemon).status == 200
    (sent,) = upstream.requests
    put_in = {b"x-api-key": b"authorization"}  # the provider's credential, where the client has its own
    order = [name.lower() for name, _ in sent.headers if name.lower() != b"accept-encoding"]
    assert order == [put_in.get(name.lower(), name.lower()) for name, _ in headers()]
    body = json.loads(sent.body)
    assert {name: body[name] for name in OTHER} == OTHER
    assert (body["made_up"], body["system"]) == (BODY["made_up"], BODY["system"])
    assert standing(daemon)["state"] == "ok"
    assert " shape " not in call(home, "status").stdout.partition("\n\n  inbound")[0]

    assert by_client(daemon, "1.2.10").status == 200
    assert (standing(daemon)["state"], standing(daemon)["why"]) == ("stale", "requests of 1.2.10 have been seen")
    assert f"anthropic: requests of 1.2.10 have been seen  {CAPTURE}" in call(home, "status").stdout
    listed = {each["name"]: each for each in json.loads(call(home, "shapes", "list", "--json").stdout)}
    assert listed["anthropic"]["state"] == "stale"

    assert call(home, "shapes", "save", "anthropic", "--limit", "1").exit_code == 0
    back = call(home, "shapes", "remove", "anthropic", "--patches", "--yes")
    assert (back.exit_code, back.stderr) == (0, "requests to work are shaped without the patches now\n")
    removed = call(home, "shapes", "remove", "anthropic", "--yes")
    assert removed.exit_code == 0
    assert removed.stderr.startswith("the running daemon cannot shape requests to work now: there is no shape")
    assert by_sdk(daemon).status == 500
    assert standing(daemon)["state"] == "missing"


def test_what_a_shape_leaves_out_of_a_request_is_told(start_daemon: StartDaemon, upstream: Upstream) -> None:
    provider = {"type": "anthropic", "base_url": upstream.url, "shape": "anthropic"}
    profile = {"unknown_fields": "drop"}
    daemon = start_daemon({"providers": {"work": provider}, "shaping": {"providers": {"anthropic": profile}}})
    by_client(daemon, "1.2.3")
    assert call(daemon.home, "shapes", "save", "anthropic", "--limit", "1", "--mflow").exit_code == 0
    body = json.dumps(OTHER | {"unheard_of": True}).encode()
    fields = [(b"x-api-key", SENTINEL), (b"x-own", b"1"), (b"content-type", b"application/json")]
    assert daemon.ask("POST", "/v1/messages", fields, body).status == 200
    compared = call(daemon.home, "flows", "compare", "-n", "1")
    assert compared.exit_code == 0, compared.stderr
    assert "left out: " in compared.stdout
    assert "shape.field.unheard_of (1)" in compared.stdout
    assert "shape.header.x-own (1)" in compared.stdout
    told = json.loads(call(daemon.home, "flows", "compare", "-n", "1", "--json").stdout)
    assert told[0]["request"]["dropped"]["shape.field.unheard_of"] == 1


def test_without_a_daemon_the_configuration_tells(start_daemon: StartDaemon) -> None:
    daemon = start_daemon({"providers": {"work": {"type": "anthropic", "host": "api.test", "shape": "anthropic"}}})
    daemon.stop()
    assert (standing(daemon)["state"], standing(daemon)["fix"]) == ("missing", CAPTURE)
    directory = daemon.home.config_dir / "shapes"
    directory.mkdir()
    (directory / "anthropic.mflow").write_bytes(b"")
    assert standing(daemon)["state"] == "unknown"


def test_a_daemon_that_shapes_nothing_says_so(start_daemon: StartDaemon, upstream: Upstream) -> None:
    provider = {"type": "anthropic", "base_url": upstream.url, "shape": "anthropic"}
    daemon = start_daemon({"providers": {"work": provider}, "shaping": {"enabled": False}})
    assert by_client(daemon, "1.2.3").status == 200
    saved = call(daemon.home, "shapes", "save", "anthropic", "--limit", "1", "--mflow")
    assert "the running daemon has read it\nshaping.enabled is false" in saved.stderr
    assert "switched off: shaping.enabled is false" in call(daemon.home, "status").stdout
    assert json.loads(call(daemon.home, "status", "--json").stdout)["shaping"] is False
    gone = call(daemon.home, "shapes", "remove", "anthropic", "--yes")
    assert gone.stderr == "no request was shaped by it\n"
