"""Programs that run in a jail and end with their input, so that a test says how long there is a listener."""

from __future__ import annotations

import os
import sys

PYTHON = os.path.realpath(sys.executable)

LISTENER = """
import hashlib, socket, sys, threading
host, port, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
family = socket.AF_INET6 if ":" in host else socket.AF_INET
def serve(sock):
    with sock:
        data = b"".join(iter(lambda: sock.recv(1 << 20), b"")) if kind == "sink" else b""
        sock.sendall(hashlib.sha256(data).hexdigest().encode() if kind == "sink" else b"inside" + b"x" * int(kind))
def accept(listener):
    try:
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
    except OSError:
        return
def listen():
    listener = socket.create_server((host, port), family=family)
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=accept, args=(listener,), daemon=True).start()
    return listener
listener = listen()
for line in sys.stdin:
    if line == "close\\n":
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    else:
        listener = listen()
"""
"""Arguments: host, port, and how many bytes a client gets, or "sink" for the digest of what a client sent."""

DIALLER = """
import hashlib, socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 20) as sock:
    for _ in range(int(sys.argv[3])):
        sock.sendall(b"y" * 65536)
    sock.shutdown(socket.SHUT_WR)
    data = b"".join(iter(lambda: sock.recv(1 << 20), b""))
print(len(data), hashlib.sha256(data).hexdigest())
"""
"""Arguments: host, port, and how many pieces of 64 KiB to send before reading."""

COUNTER = """
import os, signal, sys
def tell(text):
    os.write(1, text.encode() + b"\\n")
for name in sys.argv[1:]:
    signal.signal(getattr(signal, name), lambda number, frame: tell(signal.Signals(number).name))
tell("ready")
for line in sys.stdin:
    tell("read " + line.strip())
"""
"""Arguments: names of signals to handle. Tells which it gets and which lines it reads, and ends with its input."""

WAITER = """
import os, sys, time
print("ready", flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.02)
os.unlink(sys.argv[1])
print("through", flush=True)
sys.exit(9)
"""
"""Argument: a file that it waits for and removes."""
