"""What ccproxy writes, answers and prints holds no token: no provider's, no refresh token, no client's own key."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ccproxy.flows.archive.reader import ArchiveReader
from ccproxy.flows.reader import ArchiveError
from ccproxy.flows.record.record import to_record
from ccproxy.flows.selection import Selection
from tests.conftest import StartDaemon
from tests.support.accounts import REFUSED, VENDORS, Account
from tests.support.crossing import ask_across
from tests.support.daemon import Daemon, Home
from tests.support.hooks import put_hooks
from tests.support.replies import JSON, each, reply
from tests.support.token_process import TokenProcess, tokens_in
from tests.support.upstream import Upstream

TOKEN = re.compile(r"[ar]t-[0-9a-f]{32}|eyJ[\w-]{8,}\.[\w-]{20,}\.")
"""What the token endpoint of the tests gives: opaque tokens, and JSON Web Tokens."""
OWN = "sk-ant-api03-the-clients-own-key-that-nobody-may-see"
PRINTED = "token-that-a-command-printed-0123456789"
SAID = "ghp_" + "sAid9" * 8
"""A key in a prompt, in an answer, in a compressed body."""
GIVEN = "opaque-access-token-0123456789"
"""What a token endpoint of others gives to a program that a jail or a rule lets through."""
READ_ALL = "for id in ids: print(exchange(id), request(id), response(id))"
STUMBLES = """
    from ccproxy import hook


    @hook(stage="outbound", reads=["headers.x-stumble"], guard=lambda ctx: "x-stumble" in ctx.headers)
    def stumbles(ctx, params):
        raise RuntimeError("over its own feet")
"""


@pytest.fixture
def accounts(tmp_path: Path) -> Any:
    """One a vendor, at token endpoints of their own."""
    with TokenProcess() as one, TokenProcess("--no-rotate") as two, TokenProcess("--codex") as three:
        yield {
            name: Account(vendor, at, tmp_path)
            for (name, vendor), at in zip(VENDORS.items(), (one, two, three), strict=True)
        }


def live(daemon: Daemon, upstream: Upstream, accounts: dict[str, Account]) -> set[str]:
    """All that can happen to a token: used, renewed, refused, kept out of answers that repeat it. Gives those seen."""
    tokens: set[str] = {OWN, PRINTED}
    for name, account in accounts.items():
        client = account.vendor.format
        for streamed in (False, True):
            upstream.script = account.answering(streamed=streamed)
            for dialect in ("anthropic", "openai"):
                assert ask_across(daemon, dialect, name, stream=streamed).status == 200
            tokens |= tokens_in(account.file)
            account.endpoint.ask("POST", "/expire")
            assert ask_across(daemon, client, name, stream=streamed).status == 200
            tokens |= tokens_in(account.file)
        refresh = account.tokens[1]
        account.endpoint.fail(kind="raw", status=400, body=json.dumps({"error": refresh, "error_description": refresh}))
        account.endpoint.ask("POST", "/expire")
        upstream.script = each(reply(401, [JSON], REFUSED))
        assert ask_across(daemon, client, name).status == 401
        ask_across(daemon, client, name, headers=[(b"x-stumble", b"1")])
        account.file.write_text(account.file.read_text()[:-30])
        ask_across(daemon, client, name)
    upstream.script = reply()
    ask_across(daemon, "openai", "printed")
    daemon.ask("POST", "/v1/messages", [(b"x-api-key", OWN.encode())], b"{}")
    daemon.ask("GET", f"/raw/x?key={OWN}", [(b"authorization", f"Bearer {OWN}".encode())])
    assert sum(1 for token in tokens if TOKEN.match(token)) >= 8
    return tokens | other_secrets(daemon, upstream)


def other_secrets(daemon: Daemon, upstream: Upstream) -> set[str]:
    """What bodies hold: a key that a user pastes, what an endpoint of OAuth is told and answers."""
    upstream.script = each(reply(200, [JSON], json.dumps({"access_token": GIVEN, "said": SAID}).encode()))
    headers = [(b"content-type", b"application/x-www-form-urlencoded")]
    assert daemon.ask("POST", "/raw/token?code=" + GIVEN, headers, f"client_secret={GIVEN}&a=b".encode()).status == 200
    body = gzip.compress(json.dumps({"model": "m", "messages": [{"role": "user", "content": f"use\n{SAID}"}]}).encode())
    daemon.ask("POST", "/raw/x", [JSON, (b"content-encoding", b"gzip")], body)
    return {SAID, GIVEN}


def archived(home: Home, count: int) -> str:
    """All that the archive holds, once it holds so many flows; what was encrypted is put back."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with suppress(ArchiveError), ArchiveReader(home.root / "state" / "ccproxy" / "flows.db") as archive:
            summaries = archive.summaries(Selection())
            if len(summaries) >= count:
                records = [to_record(archive.exchange(flow["id"], secrets=True)) for flow in summaries]
                return repr([summaries, *((record.facts, *map(clear, record.bodies)) for record in records)])
        time.sleep(0.05)
    raise AssertionError(f"the archive does not get all of {count} flows")


def clear(body: bytes) -> bytes:
    return gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body


def commands(home: Home) -> str:
    """What the commands print that tell of traffic and credentials."""
    said = ""
    for command in (["status"], ["auth", "list"], ["auth", "check"], ["flows", "list"], ["logs"]):
        done = home.run(*command)
        said += done.stdout + done.stderr
    for command in (["status", "--json"], ["auth", "list", "--json"], ["flows", "list", "--json"]):
        done = home.run(*command)
        said += done.stdout + done.stderr
    listed = json.loads(home.run("flows", "list", "--json").stdout)
    for flow in listed[-3:]:
        said += home.run("flows", "show", flow["id"], "--bodies").stdout
        said += home.run("flows", "show", flow["id"], "--json").stdout
    for command in (["dump"], ["export", "all.har"], ["export", "all.mflow"], ["repl", "-c", READ_ALL], ["compare"]):
        done = home.run("flows", *command)
        assert done.returncode == 0, done.stderr
        said += done.stdout + done.stderr
    return said


def strings(folder: Path) -> str:
    """What the program `strings` finds in every file below a folder."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert files
    found = (re.findall(rb"[\x20-\x7e]{8,}", file.read_bytes()) for file in files)
    return b"\n".join(text for texts in found for text in texts).decode("ascii")


def test_no_token_is_told(
    start_daemon: StartDaemon, start_upstream: Any, accounts: dict[str, Account], tmp_path: Path, home: Home
) -> None:
    upstream = start_upstream()
    put_hooks(home, stumbles=STUMBLES)
    providers = {name: account.provider(upstream.url) for name, account in accounts.items()}
    providers["printed"] = {"type": "openai", "base_url": upstream.url, "auth": f"echo {PRINTED}"}
    config = {
        "log_level": "DEBUG",
        "providers": providers,
        "lightllm": {"transforms": [{"match_path": "^/raw/", "dest_provider": "printed"}]},
    }
    limits = {"PYTHONFAULTHANDLER": "1", "PYTHONDEVMODE": "0"}
    daemon = start_daemon(config, env=limits, home=home, inspector=True, archive=True)
    tokens = live(daemon, upstream, accounts)

    control = [daemon.control("GET", target) for target in ("/status", "/auth", "/flows", "/jails")]
    details = [daemon.control("GET", f"/flows/{flow['id']}") for flow in control[2]]
    said = {"control API": json.dumps([*control, *details]), "commands": commands(home)}

    config_text = (home.config_dir / "ccproxy.yaml").read_text()
    os.kill(daemon.pid, signal.SIGABRT)
    assert daemon.process is not None
    assert daemon.process.wait(20) == -signal.SIGABRT
    assert "Fatal Python error" in daemon.output
    said["crash output"] = daemon.output
    (home.config_dir / "ccproxy.yaml").write_text(config_text.replace(PRINTED, ""))
    said["archive"] = archived(home, sum(flow["path"] != "/health" for flow in control[2]))
    said["files"] = strings(home.root)

    for where, text in said.items():
        assert len(text) > 100, where
        assert not [token for token in tokens if token in text], where
        assert not TOKEN.search(text), (where, TOKEN.search(text))
