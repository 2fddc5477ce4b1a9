"""Run by `unshare -rm`: puts files as a jail does, then runs a command. Arguments: a JSON file of where each file is to
be and where its content is, and the command."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from ccproxy.jail import kernel
from ccproxy.jail.mounts import Furniture

kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_SLAVE)
contents = json.loads(Path(sys.argv[1]).read_text())
Furniture({path: Path(content).read_bytes() for path, content in contents.items()}).put()
os.execvp(sys.argv[2], sys.argv[2:])
