"""What every jail's connections are taken apart with: mitmproxy's own addons of the running master, then ours."""

from __future__ import annotations

import asyncio
import os
import ssl
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccproxy.config.paths import state_dir
from ccproxy.fronts.interceptor.addresses import OwnAddresses
from ccproxy.fronts.interceptor.fingerprints import Fingerprints
from ccproxy.fronts.interceptor.handover import HandOver
from ccproxy.fronts.interceptor.native import NativeRecorder
from ccproxy.fronts.interceptor.policy import Policy
from ccproxy.fronts.interceptor.resolver import Resolver
from ccproxy.fronts.interceptor.tls_keylog import TlsKeylog

if TYPE_CHECKING:
    from mitmproxy.master import Master
    from mitmproxy.options import Options

    from ccproxy.config import Config
    from ccproxy.fronts.interceptor.jail import Jail
    from ccproxy.gateway.claims import Claims
    from ccproxy.gateway.gateway import Gateway
    from ccproxy.gateway.recorder import Recorder
    from ccproxy.jail.ticket import Request

MITMPROXYS = ("tlsconfig", "nextlayer", "disableh2c", "stripdnshttpsrecords")
IDLE_SECONDS = 24 * 3600
"""mitmproxy ends connections that are silent for so long; an agent may think, or wait for its user, for hours."""
CA_FILE = "mitmproxy-ca-cert.pem"
ANYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not bound


class Equipment:
    """Makes the addons of each jail."""

    def __init__(self, config: Config, master: Master, claims: Claims, gateway: Gateway, recorder: Recorder) -> None:
        self._config, self._master = config, master
        self._claims, self._gateway, self._recorder = claims, gateway, recorder
        self._own_addresses = OwnAddresses()
        self._keylog = TlsKeylog(self.keylog_dir / "tls.keylog", everything=config.inspector.keylog)
        master.options.update(**settings(config))  # type: ignore[no-untyped-call]

    @property
    def options(self) -> Options:
        """mitmproxy's options."""
        return self._master.options

    @property
    def keylog_dir(self) -> Path:
        """Where key logs are written, if they are."""
        return state_dir() / "keylog"

    def outfit(self, jail: Jail, events: asyncio.Queue[dict[str, Any]]) -> tuple[list[object], HandOver]:
        """Who is asked about a jail's connections, in this order, and its way to the gateway."""

        def blocked(host: str, reason: str) -> None:
            with suppress(asyncio.QueueFull):
                events.put_nowait({"event": "say", "text": f"blocked: {host}: {reason}"})

        own = [self._master.addons.get(name) for name in MITMPROXYS]  # type: ignore[no-untyped-call]
        policy = Policy(jail, self._config.jail, self._own_addresses, on_blocked=blocked)
        fingerprints = Fingerprints()
        tls = fingerprints.of
        handover = HandOver(jail, self._claims, self._gateway, self._config.listener, policy.names, tls)
        recorder = NativeRecorder(jail, self._recorder, policy.names, tls)
        return [*own, self._keylog.of(jail), fingerprints, policy, Resolver(), handover, recorder], handover

    def ca(self) -> str:
        """The certificate of the CA, PEM."""
        return self.ca_file().read_text("ascii")

    def ca_file(self) -> Path:
        """Where it is; it holds no key."""
        return Path(self.options.confdir, CA_FILE).expanduser()

    def keylog(self, request: Request) -> str | None:
        """The directory of the key logs, if this jail's are to be written."""
        return str(self.keylog_dir) if request.keylog or self._config.inspector.keylog else None

    def defaults(self) -> dict[str, Any]:
        """What the configuration says of every jail, as members of a ticket."""
        settings = self._config.jail
        ports = settings.publish if isinstance(settings.publish, list) else []
        return {
            "strict": settings.strict,
            "publish": tuple(ports),
            "publish_auto": settings.publish == "auto",
            "allow": tuple(settings.allow_ports),
            "masked": (str(self.options.confdir), str(self.keylog_dir)),
        }

    def proxy_host(self) -> str:
        """Where the reverse listener can be dialled on this machine."""
        return "127.0.0.1" if self._config.host in ANYWHERE else self._config.host


def settings(config: Config) -> dict[str, Any]:
    """mitmproxy's options for jails.

    Dialling waits for the client's first bytes: with an eager one a refused connection often leaves the client hanging.
    The system's certificates are trusted, not mitmproxy's own collection: companies have CAs of their own.
    """
    return {
        "connection_strategy": "lazy",
        "http3": True,
        "tcp_timeout": IDLE_SECONDS,
        "show_ignored_hosts": True,
        "ssl_verify_upstream_trusted_ca": trusted_bundle(),
    }


def trusted_bundle() -> str | None:
    """The file of CAs that OpenSSL trusts here; None if there is none, and mitmproxy takes certifi's."""
    paths = ssl.get_default_verify_paths()
    candidates = (os.environ.get("SSL_CERT_FILE"), paths.cafile, *BUNDLES)
    return next((path for path in candidates if path and os.path.isfile(path)), None)


BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Alpine, NixOS
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # Alpine, macOS
)
