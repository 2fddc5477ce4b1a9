"""A real daemon with logins that have something wrong with them; says what the client saw."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.fault import WHOLE, Sight
from tests.faults.lab import PATIENCE, record
from tests.faults.servers import Servers, nobody
from tests.faults.troubles import TROUBLES, Trouble
from tests.support.accounts import VENDORS, Account
from tests.support.crossing import CLIENTS, ask_across
from tests.support.daemon import Daemon
from tests.support.http import Response
from tests.support.token_process import TokenProcess
from tests.support.token_server import Issuer, TokenServer
from tests.support.upstream import Upstream

KNOBS = {"refresh_timeout_seconds": 0.6, "refresh_headroom_seconds": 60}


class Endpoint(TokenProcess):
    """A token endpoint that runs in this process."""

    def __init__(self, servers: Servers, issuer: Issuer) -> None:
        super().__init__()
        self.issuer = issuer
        server = TokenServer(issuer)
        servers.call(server.__aenter__())
        self.port, self.url = server.port, server.url


@dataclass
class Desk:
    """One trouble of one vendor's login."""

    account: Account
    endpoint: Endpoint
    upstream: Upstream


class Office:
    """Troubles, each with a provider of its own for each vendor. See `office`."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._servers = Servers()
        stack.callback(self._servers.close)
        sock, self._refusing = nobody()
        stack.enter_context(sock)
        self._desks: dict[str, Desk] = {}
        providers = {}
        for number, trouble in enumerate(TROUBLES):
            for vendor in VENDORS:
                name = f"t{number}-{vendor}"
                place = folder / name
                place.mkdir()
                providers[name] = self._open(name, trouble, vendor, place, stack)
        self.daemon = stack.enter_context(Daemon({"providers": providers, "auth": KNOBS}))

    def meet(self, number: int, vendor: str) -> Sight:
        """Sends a request with a login that has this trouble."""
        name, trouble = f"t{number}-{vendor}", TROUBLES[number]
        desk = self._desks[name]
        if trouble.later:
            first = self._ask(name, desk)
            if first.text != WHOLE:
                return Sight("no good first answer", first.seconds, first.text)
            self._spoil(trouble, desk)
        if trouble.refused:
            desk.endpoint.issuer.expire()
        if not trouble.replaced:
            return self._ask(name, desk)
        with in_the_meantime(lambda: self._log_in(desk)):
            return self._ask(name, desk)

    def secrets(self) -> set[str]:
        """The tokens of all logins."""
        return set().union(*(desk.endpoint.secrets for desk in self._desks.values()))

    def _open(self, name: str, trouble: Trouble, vendor: str, place: Path, stack: ExitStack) -> dict[str, Any]:
        kind = VENDORS[vendor]
        issuer = Issuer(rotate="--no-rotate" not in kind.flags, codex="--codex" in kind.flags, clock=trouble.clock)
        endpoint = Endpoint(self._servers, issuer)
        account = Account(kind, endpoint, place, trouble.left)
        if trouble.fault:
            for _ in range(3):  # whoever asks again gets no other answer
                endpoint.fail(**trouble.fault)
        upstream = Upstream(account.answering(streamed=False))
        stack.callback(upstream.stop)
        desk = self._desks[name] = Desk(account, endpoint, upstream)
        if not trouble.later:
            self._spoil(trouble, desk)
        elsewhere = {"endpoint": trouble.endpoint.format(refusing=self._refusing)} if trouble.endpoint else {}
        return account.provider(upstream.url, **elsewhere)

    def _spoil(self, trouble: Trouble, desk: Desk) -> None:
        if trouble.spoil is not None:
            trouble.spoil(desk.account.file)

    def _log_in(self, desk: Desk) -> None:
        """Anew, as a person would, once a refresh is under way."""
        end = time.monotonic() + PATIENCE
        while not desk.endpoint.issuer.posts and time.monotonic() < end:
            time.sleep(0.01)
        desk.endpoint.login(desk.account.vendor.auth, desk.account.file)

    def _ask(self, name: str, desk: Desk) -> Sight:
        agent, client = f"faults-{uuid.uuid4().hex}", desk.account.vendor.format
        begun = time.monotonic()
        answer = ask_across(self.daemon, client, name, headers=[(b"user-agent", agent.encode())])
        took = time.monotonic() - begun
        error = record(self.daemon, agent)["error"]
        return Sight(told(answer, client, name, error), took, error["message"] if error else "")


def told(answer: Response, client: str, name: str, error: dict[str, Any] | None) -> str:
    """What an answer comes down to, in the words of `Sight`."""
    if error is None and answer.status == 200:
        return WHOLE if answer.complete and b"Hello there" in answer.body else "200, but not whole"
    if error is None:
        return f"{answer.status} passed"
    message = CLIENTS[client].error(answer, answer.status)
    return f"{answer.status} {error['kind']}" if repr(name) in message else f"{answer.status}, but not by name"


@contextmanager
def in_the_meantime(work: Any) -> Iterator[None]:
    """Has something done while the block runs."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join(PATIENCE)


@contextmanager
def office(folder: Path) -> Iterator[Office]:
    """An office for as long as the block lasts."""
    with ExitStack() as stack:
        yield Office(folder, stack)
