"""`ccproxy namespace decrypt-capture`."""

from __future__ import annotations

from pathlib import Path

import click

from ccproxy.cli.grammar import CommandError, command

EXAMPLES = [
    (
        "a capture of `lo` while a jail ran with --keylog",
        "ccproxy namespace decrypt-capture lo.pcap out.pcapng",
    ),
    ("what a jail's --pcap wrote", "ccproxy namespace decrypt-capture jail.pcap out.pcapng"),
    ("with a key log from elsewhere", "ccproxy namespace decrypt-capture lo.pcap out.pcapng --tls-keylog my.keylog"),
]
FILE = click.Path(dir_okay=False, path_type=Path)


@command("decrypt-capture", examples=EXAMPLES)
@click.argument("source", metavar="IN.pcap", type=FILE)
@click.argument("target", metavar="OUT.pcapng", type=FILE)
@click.option("--tls-keylog", metavar="FILE", type=FILE, help="Secrets of TLS and QUIC connections.")
@click.option("--wg-keylog", metavar="FILE", type=FILE, help="Keys of the tunnels' handshakes.")
def decrypt_capture(source: Path, target: Path, tls_keylog: Path | None, wg_keylog: Path | None) -> None:
    """Make a capture one that Wireshark opens decrypted.

    IN is a pcap or pcapng file; OUT gets its packets and the secrets that open them, from the key logs that jails with
    --keylog write unless others are named. Whoever has OUT can read everything the key logs open.
    """
    from ccproxy.jail.capture import decrypt_capture as bundle
    from ccproxy.jail.errors import JailError

    try:
        done = bundle(source, target, tls_keylog or _own("tls"), wg_keylog or _own("wg"))
    except JailError as error:
        raise CommandError(str(error), *filter(None, [error.fix])) from error
    keys = f"{done.tls_secrets} TLS and {done.wireguard_secrets} WireGuard keys"
    click.echo(f"{target}: {done.packets} packets and {keys}; keep it as private as the key logs")


def _own(name: str) -> Path | None:
    """The house's own key log, if something is in it."""
    from ccproxy.config.paths import state_dir

    path = state_dir() / "keylog" / f"{name}.keylog"
    return path if path.is_file() and path.stat().st_size else None
