"""Starts a proxy that the conformance harness has configured, with Code Assist in the place of its Gemini provider.

    python -m tools.code_assist.start COMMAND [ARGUMENT…]

Reads `ccproxy.yaml` of CCPROXY_CONFIG_DIR, which stays as it is; the command gets another. Passes signals on; the exit
status is the command's.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tools.code_assist.shim import Shim

FILE = "ccproxy.yaml"
PROVIDER = "up_gemini"
PATIENCE = {"sticky_retry_max_delay_seconds": 0.01, "terminal_delay_threshold_seconds": 1.0}
"""What is out of capacity is asked again as ever, but the harness does not wait for long."""
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def upstream_of(folder: Path) -> tuple[str, int]:
    """Where the harness waits for what is meant for Gemini."""
    url = urlsplit(_read(folder)["ccproxy"]["providers"][PROVIDER]["base_url"])
    return url.hostname or "", url.port or 0


def configure(folder: Path, written: Path, port: int) -> None:
    """Writes the configuration of a folder to another, with Code Assist on that port."""
    document = _read(folder)
    document["ccproxy"]["gemini_capacity"] = PATIENCE
    code_assist = {"base_url": f"http://127.0.0.1:{port}", "path": "/v1internal:{action}"}
    document["ccproxy"]["providers"][PROVIDER] |= code_assist
    (written / FILE).write_text(yaml.safe_dump(document, sort_keys=False))


def _read(folder: Path) -> Any:
    return yaml.safe_load((folder / FILE).read_text())


async def start(folder: Path, command: list[str]) -> int:
    """Runs the command beside the shim; its exit status."""
    shim = Shim(*upstream_of(folder))
    server = await asyncio.start_server(shim.serve, "127.0.0.1", 0, backlog=512)
    with tempfile.TemporaryDirectory(prefix="ccproxy-code-assist-") as written:
        configure(folder, Path(written), server.sockets[0].getsockname()[1])
        status = await run(command, written)
    print(f"shim: {shim.calls} calls, {shim.refused} refused, {shim.envelopes} envelopes", flush=True)
    return status


async def run(command: list[str], folder: str) -> int:
    """Runs the command with that configuration."""
    child = await asyncio.create_subprocess_exec(*command, env={**os.environ, "CCPROXY_CONFIG_DIR": folder})
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, child.send_signal, number)
    status = await child.wait()
    return status if status >= 0 else 128 - status


def main() -> None:
    """Starts it."""
    if len(sys.argv) < 2 or "CCPROXY_CONFIG_DIR" not in os.environ:
        sys.exit("usage: CCPROXY_CONFIG_DIR=FOLDER python -m tools.code_assist.start COMMAND [ARGUMENT...]")
    sys.exit(asyncio.run(start(Path(os.environ["CCPROXY_CONFIG_DIR"]), sys.argv[1:])))


if __name__ == "__main__":
    main()
