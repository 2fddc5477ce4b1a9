"""mitmproxy with two listeners for TLS and two for QUIC before one origin: the even ports are a jail's that asked for a
key log, the odd ones another's. `python -m tests.fronts.keylog.proxy FOLDER CA PORT`."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

from mitmproxy.addons import default_addons
from mitmproxy.connection import Client
from mitmproxy.master import Master
from mitmproxy.options import Options

from ccproxy.exchange import Process
from ccproxy.fronts.interceptor.jail import Jail
from ccproxy.fronts.interceptor.tls_keylog import TlsKeylog
from ccproxy.jail.ticket import Request

ORIGIN = "www.example.test"


class ByPort:
    """Calls what a jail's connections would call."""

    def __init__(self, keylog: TlsKeylog) -> None:
        self._addons = [keylog.of(jail(wanted)) for wanted in (True, False)]

    def client_connected(self, client: Client) -> None:
        hook = getattr(self._addons[client.sockname[1] % 2], "client_connected", None)
        if hook is not None:
            hook(client)


def jail(keylog: bool) -> Jail:
    return Jail("test", Process(("test",), 1), Request("test", ("test",), 1, keylog=keylog))


async def main(folder: Path, ca: str, port: int) -> None:
    modes = [f"reverse:https://{ORIGIN}@{port}", f"reverse:https://{ORIGIN}@{port + 1}"]
    modes += [f"reverse:http3://{ORIGIN}@{port + 2}", f"reverse:http3://{ORIGIN}@{port + 3}"]
    options = Options(mode=modes, listen_host="127.0.0.1", confdir=str(folder / "mitmproxy"))
    master = Master(options, asyncio.get_running_loop())
    master.addons.add(*default_addons(), ByPort(TlsKeylog(folder / "keylog/tls.keylog")))
    master.options.update(ssl_verify_upstream_trusted_ca=ca, connection_strategy="lazy", onboarding=False)
    await master.running()
    assert await master.addons.get("proxyserver").setup_servers()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
