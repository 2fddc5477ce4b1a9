"""The device through which a jail's packets pass."""

from __future__ import annotations

import fcntl
import os
import struct

PATH, NAME = "/dev/net/tun", "tun0"
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI, IFF_VNET_HDR = 0x0001, 0x1000, 0x4000
"""<linux/if_tun.h>; with the last, a virtio header stands before each packet: the tunnel writes several TCP segments as
one, which halves its work."""


def open_control() -> int:
    """The control device, as a descriptor that belongs to the network namespace of this process. Raises OSError."""
    return os.open(PATH, os.O_RDWR | os.O_CLOEXEC)


def make_device(control: int) -> None:
    """Makes the descriptor's device, which lives as long as the descriptor: reading gives IP packets, writing delivers
    them, each behind a virtio header. Raises OSError."""
    fcntl.ioctl(control, TUNSETIFF, struct.pack("16sH22x", NAME.encode(), IFF_TUN | IFF_NO_PI | IFF_VNET_HDR))
