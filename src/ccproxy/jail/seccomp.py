"""A filter of system calls: sockets of the usual families only. Classic BPF, seccomp(2)."""

from __future__ import annotations

import errno
import os
import socket
import struct
from dataclasses import dataclass

from ccproxy.jail.errors import JailError

LOAD, JUMP_IF_EQUAL, JUMP_IF_ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
"""<linux/bpf_common.h>: BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_JMP|JSET|K, BPF_RET|K"""
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
"""Offsets in struct seccomp_data; both machines are little-endian."""
FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)
IO_URING_SETUP = 425
"""It opens sockets without the system call for that."""
X32 = 0x40000000


@dataclass(frozen=True, slots=True)
class Machine:
    """A processor's numbers: its own system calls, and those of the older one whose programs it runs too."""

    audit: int
    sockets: tuple[int, ...]
    """socket and socketpair"""
    foreign_audit: int
    foreign: tuple[int, ...]
    """socketcall, socket, socketpair and io_uring_setup"""
    x32: bool = False


MACHINES = {
    "x86_64": Machine(0xC000003E, (41, 53), 0x40000003, (102, 359, 360, IO_URING_SETUP), x32=True),
    "aarch64": Machine(0xC00000B7, (198, 199), 0x40000028, (102, 281, 288, IO_URING_SETUP)),
}

type Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, value."""


def refuse(number: int) -> Instruction:
    """Ends with an error number."""
    return (RETURN, 0, 0, REFUSE | number)


def when(value: int, *then: Instruction) -> list[Instruction]:
    """`then`, if what was loaded is `value`."""
    return [(JUMP_IF_EQUAL, 0, len(then), value), *then]


def program(machine: Machine) -> bytes:
    """The filter as the kernel takes it."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in _instructions(machine))


def _instructions(machine: Machine) -> list[Instruction]:
    foreign = [each for number in machine.foreign for each in when(number, refuse(errno.EAFNOSUPPORT))]
    return [
        (LOAD, 0, 0, ARCHITECTURE),
        *when(machine.foreign_audit, (LOAD, 0, 0, NUMBER), *foreign, (RETURN, 0, 0, ALLOW)),
        (JUMP_IF_EQUAL, 1, 0, machine.audit),
        refuse(errno.ENOSYS),
        (LOAD, 0, 0, NUMBER),
        *_x32(machine),
        *when(IO_URING_SETUP, refuse(errno.ENOSYS)),
        *(each for number in machine.sockets for each in when(number, *_family())),
        (RETURN, 0, 0, ALLOW),
    ]


def _x32(machine: Machine) -> list[Instruction]:
    """The third set of x86-64: hardly a kernel has it, and no program needs it."""
    return [(JUMP_IF_ANY_BIT, 0, 1, X32), refuse(errno.ENOSYS)] if machine.x32 else []


def _family() -> list[Instruction]:
    """The kernel takes the family as an int, so its low word is all there is to it."""
    allowed = [each for family in FAMILIES for each in when(family, (RETURN, 0, 0, ALLOW))]
    return [(LOAD, 0, 0, FIRST_ARGUMENT), *allowed, refuse(errno.EAFNOSUPPORT)]


def for_this_machine() -> bytes:
    """The program for the machine this is. Raises JailError where there is none."""
    name = os.uname().machine
    if name not in MACHINES:
        raise JailError(f"a strict jail is not to be had on {name}", "leave out --strict")
    return program(MACHINES[name])
