"""What one jail is to be, as the command line and the configuration say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is known before the daemon answers."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    """The command's environment, before the variables of `trust` are added."""
    allow: tuple[int, ...] = ()
    """TCP ports of the host's loopback that are to be reachable inside at the same port of the jail's loopback, beside
    the daemon's own."""
    publish: tuple[int, ...] = ()
    """TCP ports of the jail's loopback that are to be reachable at the same port of the host's loopback."""
    publish_auto: bool = True
    """Whether listeners that appear inside (ports from 1024 on) are published by themselves."""
    strict: bool = False
    """Whether path sockets that lead out are masked and unusual socket families are refused."""
    pcap: Path | None = None
    """Where the plain inner packets are written."""
    masked: tuple[Path, ...] = ()
    """Directories of ccproxy's own (control socket, CA key, archive) that are to look empty inside."""
    shelf: Path = field(default_factory=lambda: Path("/tmp"))  # noqa: S108 - replaced by the runtime directory
    """The first of the masked directories: where the trust files stand inside. It exists."""
