"""Scenes about files of a jail's own that stand over the host's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tests.jail.inmate.held import Held

LOOK_UP = """
import json, os, socket
try:
    found = sorted({each[4][0] for each in socket.getaddrinfo("name.example.test", 80, socket.AF_INET)})
except OSError as error:
    found = str(error)
try:
    text = open("/etc/resolv.conf").read()
except OSError as error:
    text = str(error)
hidden = {each: os.listdir(each) for each in ("/run/nscd", "/run/systemd/resolve") if os.path.isdir(each)}
others = sorted(set(os.listdir("/etc")) - {"resolv.conf"})
print(json.dumps([found, text, hidden, others, open("/etc/passwd").read()]))
"""


def look_up() -> dict[str, Any]:
    """What a name resolves to inside, who was asked, and how /etc looks."""
    import json

    others = sorted({each.name for each in Path("/etc").iterdir()} - {"resolv.conf"})
    with Held(sys.executable, "-c", LOOK_UP) as held:
        held.answers = True
        end = held.go().end()
        if end["kind"] == "Failed":
            return end
        found, text, hidden, inside, passwd = json.loads(held.output)
        return {
            "found": found,
            "text": text,
            "hidden": hidden,
            "asked": sorted({f"{each['to']}:{each['port']}" for each in held.datagrams()}),
            "etc is whole": inside == others and passwd == Path("/etc/passwd").read_text(),
        }


def trust(name: str) -> dict[str, Any]:
    """A file put over one of the host's, read by both of its names."""
    path = Path(name).absolute()
    with Held("cat", str(path), str(path.resolve())) as held:
        end = held.go({str(path): b"the jail's\n"}).end()
        return end | {"output": held.output, "outside": path.read_text()}
