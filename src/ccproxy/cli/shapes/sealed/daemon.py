"""The daemon of the sealed place: it answers everybody, and remembers what they sent."""

from __future__ import annotations

import os
from typing import Any

from ccproxy.cli.demo.private import PROVIDER, PrivateDaemon
from ccproxy.cli.jailed.start import die_with
from ccproxy.cli.shapes.sealed.names import NETWORK

MEMORY_BYTES = 256 * 1024**2


class SealedDaemon(PrivateDaemon):
    """Ends with the process that started it, however that comes about."""

    def __init__(self) -> None:
        super().__init__(inspector=False)

    def settings(self) -> dict[str, object]:
        """Its configuration: whatever a jail sends, to whomever, is answered here."""
        return {
            **super().settings(),
            "providers": {PROVIDER: {"type": "simulator"}},
            "lightllm": {"transforms": [{"match_host": "", "dest_provider": PROVIDER}]},
            "hooks": {
                "inbound": ["ccproxy.cli.shapes.sealed.answers"],
                "outbound": [],
                "hooks_dir": None,
                "entry_points": False,
            },
            "jail": {"allow_addresses": [NETWORK], "strict": True, "publish": []},
            "flows": {"archive": "off", "memory_max_bytes": MEMORY_BYTES},
            "verify_readiness_on_startup": False,
        }

    def options(self) -> dict[str, Any]:
        """Of the process."""
        parent = os.getpid()
        return {"preexec_fn": lambda: die_with(parent)}
