"""A turn of a real client in a jail, and what there must be to see of it: in the records and at the provider."""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clients.jailed_programs import PYTHON312, Jailed
from tests.clients.programs import MODULES
from tests.support.jailed import House
from tests.support.outer import Outer, people

SECONDS = 120.0
REFUSED = 426
"""How providers answer who would rather not have WebSockets."""
EVERYBODY = stat.S_IROTH | stat.S_IXOTH
LEAVING = {"client_gone", "tls_refused"}
"""How a client's calls home end if it leaves before they do, even in the handshake; nothing else may fail."""
type Flow = dict[str, Any]


def internet() -> Outer:
    """A network without a way out, for an ordinary user if one may read the clients."""
    ordinary, root = people()
    readable = MODULES.stat().st_mode & EVERYBODY == EVERYBODY
    return Outer(ordinary if readable else root, readable=[PYTHON312.resolve().parents[1]])


@dataclass
class Turn:
    """What came of it. `calls` are the records of calls to a model, as `flows list --json` has them."""

    printed: str
    calls: list[Flow]


class Turns:
    """Runs turns in the jails of a house, each in a fresh home below that of the house."""

    def __init__(self, house: House) -> None:
        self.house = house

    def folder(self, name: str) -> Path:
        """A new home with a directory `work` in it."""
        home = self.house.home.root / "home" / name
        (home / "work").mkdir(parents=True)
        return home

    def run(self, client: Jailed, prompt: str, home: Path) -> Turn:
        """A turn, which must go well in every respect."""
        (self.house.outer.root / "no-websocket").unlink(missing_ok=True)
        if not client.upgrades:
            (self.house.outer.root / "no-websocket").touch()
        seen = len(self.house.outer.arrived())
        command, env = (*client.command, prompt), client.environment(home)
        self.house.outer.person.own(home)
        options = {"env": env, "cwd": home / "work", "timeout": SECONDS}
        done = self.house.jail(*command, options=("--name", home.name), **options)
        assert done.returncode == 0, (done, self.house.daemon.output[-3000:])
        flows = [flow for flow in self._flows(home.name) if flow["format"] == client.format]
        calls = [flow for flow in flows if flow["status"] != REFUSED]
        assert (len(calls) < len(flows)) != client.upgrades, flows
        for flow in calls:
            went_well(flow, client, home.name, command)
        arrived = [each for each in self.house.outer.arrived()[seen:] if each.get("host") == client.host]
        provider_saw(arrived, calls, client)
        return Turn(done.stdout.decode(), calls)

    def _flows(self, jail: str) -> list[Flow]:
        """All that a jail sent, in the words of the command line, once all of it has ended."""

        def ended() -> list[Flow]:
            listed = json.loads(self.house.cli("flows", "list", "--json").stdout)
            mine = [flow for flow in listed if flow["jail"] == jail]
            return mine if all(flow["done"] for flow in mine) else []

        flows: list[Flow] = self.house.outer.until(ended, 10.0)
        failed = [flow for flow in flows if flow["error"] and flow["error"]["kind"] not in LEAVING]
        assert not failed, failed
        return flows


def went_well(flow: Flow, client: Jailed, jail: str, command: tuple[str, ...]) -> None:
    """Asserts that a call was seen as what it is, and passed as it was."""
    assert (flow["front"], flow["jail"], flow["done"], flow["error"]) == ("jail", jail, True, None), flow
    assert (flow["action"], flow["provider"], flow["hooks"]) == ("passthrough", None, []), flow
    assert flow["destination"] == f"https://{client.host}", flow
    assert flow["status"] == (101 if client.websocket else 200), flow
    assert bool(flow["talk"]) == client.websocket, flow
    assert flow["usage"]["output_tokens"] > 0, flow
    assert flow["model"], flow
    assert flow["process"]["command"] == list(command), flow
    assert flow["process"]["pid"] > 1, flow


def provider_saw(arrived: list[dict[str, Any]], calls: list[Flow], client: Jailed) -> None:
    """Asserts that the provider got each call once, all of it, with the client's own credential and nothing of ours."""
    assert calls
    kind = "websocket" if client.websocket else "http"
    paths = {flow["path"] for flow in calls}
    got = [each for each in arrived if each["kind"] == kind and each["target"] in paths]
    assert len(got) == len(calls), (got, calls)
    if not client.websocket:
        assert sorted(each["size"] for each in got) == sorted(flow["request_bytes"] for flow in calls)
    name, value = client.credential
    for each in got:
        assert [text for field, text in each["headers"] if field.lower() == name] == [value], each
        assert "ccproxy" not in str(each["headers"]).lower(), each
