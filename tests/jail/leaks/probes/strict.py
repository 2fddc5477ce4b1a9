"""Ways around the network altogether, which `--strict` closes."""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import socket

IO_URING_SETUP = 425
IA32_SOCKET = 359
X32_SOCKET = 0x40000000 + 41


def family(number: int, kind: int = socket.SOCK_STREAM) -> str:
    """A socket of a family that is no network's of this namespace. None is connected."""
    socket.socket(number, kind).close()
    return f"a socket of family {number}"


def io_uring() -> str:
    """Rings can make sockets behind the back of a filter of system calls."""
    libc = ctypes.CDLL(None, use_errno=True)
    parameters = ctypes.create_string_buffer(120)
    if (fd := libc.syscall(IO_URING_SETUP, 4, parameters)) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return f"ring {fd}"


def other_numbers(number: int) -> str:
    """The same system call by the numbers of another machine's table: 32 bits, by interrupt 0x80."""
    if platform.machine() != "x86_64":
        raise LookupError("this machine has one table")
    code = (
        b"\x53"  # push rbx, which the caller wants back
        + b"\xb8" + IA32_SOCKET.to_bytes(4, "little")
        + b"\xbb" + number.to_bytes(4, "little")
        + b"\xb9" + int(socket.SOCK_STREAM).to_bytes(4, "little")
        + b"\xba\x00\x00\x00\x00\xcd\x80\x5b\xc3"
    )  # fmt: skip
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    if (fd := call()) < 0:
        raise OSError(-fd, os.strerror(-fd))
    return f"descriptor {fd}"


def x32(number: int) -> str:
    """The same by the numbers of the x32 table."""
    libc = ctypes.CDLL(None, use_errno=True)
    if (fd := libc.syscall(X32_SOCKET, number, int(socket.SOCK_STREAM), 0)) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return f"descriptor {fd}"
