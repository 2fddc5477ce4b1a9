"""`ccproxy namespace wireguard-config`."""

from __future__ import annotations

import socket
from typing import Any

import click

from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session
from ccproxy.cli.words import visible

EXAMPLES = [
    ("for a phone on the same network: scan it with the WireGuard app", "ccproxy namespace wireguard-config --qr"),
    (
        "for a virtual machine, by the host's address on its network",
        "ccproxy namespace wireguard-config --host 192.168.122.1 > ccproxy.conf",
    ),
    ("stop listening", "ccproxy namespace wireguard-config --off"),
]

FARAWAY = ("192.0.2.1", 9)
"""An address that nobody has (RFC 5737). Connecting a datagram socket sends nothing: it only looks for a route."""
SECONDS = 20.0
"""The daemon may have to load mitmproxy first."""


@command("wireguard-config", examples=EXAMPLES)
@click.option("--qr", is_flag=True, help="Print a QR code in place of the text.")
@click.option(
    "--host",
    metavar="ADDR",
    callback=lambda ctx, param, value: value and one_address(value),
    help="Listen on this address of this machine. Default: that of its main network.",
)
@click.option("--port", metavar="N", type=click.IntRange(1, 65535), help="Listen on this UDP port.")
@click.option("--off", is_flag=True, help="Stop listening. The keys are kept.")
@click.pass_obj
def wireguard_config(session: Session, qr: bool, host: str | None, port: int | None, off: bool) -> None:
    """Print a configuration for another machine.

    A phone or a virtual machine with it sends all its traffic through the daemon, which listens for it from then on
    until --off or its end. Programs there have to trust ccproxy's CA. Whoever has the configuration can use the tunnel.
    """
    control = session.control()
    if off:
        if qr or host or port:
            raise click.UsageError("--off takes no other option")
        was_on = control.delete("/wireguard")["was_on"]
        click.echo(f"the daemon {'no longer listens' if was_on else 'did not listen'} for other machines", err=True)
        return
    answer = control.post("/wireguard", {"host": host or main_address(), "port": port}, SECONDS)
    click.echo(picture(answer["config"]) if qr else answer["config"], nl=False)
    for line in notes(answer):
        click.echo(visible(line), err=True)


def one_address(text: str) -> str:
    """The address. Raises click.BadParameter for anything that the other machine could not dial."""
    from ipaddress import ip_address

    try:
        address = ip_address(text)
    except ValueError as error:
        raise click.BadParameter(f"{text} is no IP address") from error
    if address.is_unspecified or address.is_multicast:
        raise click.BadParameter(f"{text} is not the address of one machine: the other one has to dial it")
    return str(address)


def main_address() -> str:
    """This machine's own address on the network that its traffic leaves by. Raises CommandError if there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(FARAWAY)
        except OSError as error:
            raise CommandError("this machine has no network", "name one of its addresses with --host") from error
        return str(sock.getsockname()[0])


def picture(config: str) -> str:
    """A QR code for a dark or a light terminal."""
    import io

    import segno

    drawn = io.StringIO()
    segno.make_qr(config, error="l").terminal(drawn, compact=True)
    return drawn.getvalue()


def notes(answer: dict[str, Any]) -> list[str]:
    """What is to be known, for standard error."""
    host, port = answer["listen"]
    warning = answer.get("warning")
    return [
        f"the daemon listens on {host} port {port} (UDP) until `ccproxy namespace wireguard-config --off`",
        "this holds a private key: whoever has it can use the tunnel, and is seen",
        f"programs there have to trust the certificate in {answer['ca']}",
        *([f"warning: {warning}"] if warning else []),
    ]
