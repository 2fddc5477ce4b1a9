"""A process that shares a credential file: `python -m tests.auth.sharer KIND FILE URL`.

KIND is a kind of source of ours, which then gives a token for each line of stdin; or `claude`, which does what Claude
Code does, lock by lock, with nothing of ours. Each prints a JSON line: the token, or why there is none.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def said(**members: object) -> None:
    print(json.dumps(members), flush=True)


async def ours(kind: str, file: str, url: str) -> None:
    from ccproxy.assembly import build_transport
    from ccproxy.auth import CredentialError, build_source
    from ccproxy.config import Config
    from ccproxy.transport.posting import Poster

    auth = {"type": kind, "file_path": file, "endpoint": url}
    config = Config.model_validate({"providers": {"p": {"type": "openai", "host": "h", "auth": auth}}})
    transport = build_transport(config)
    source = build_source(config.providers["p"].auth, config.auth, Poster(transport))
    assert source is not None
    said(ready=True)
    while await asyncio.to_thread(sys.stdin.readline):
        try:
            said(token=(await source.token()).token)
        except CredentialError as error:
            said(error=str(error))
    await transport.close()


@contextmanager
def folder(path: Path) -> Iterator[None]:
    while True:
        try:
            path.mkdir()
            break
        except FileExistsError:
            time.sleep(0.005)
    try:
        yield
    finally:
        path.rmdir()


def read(file: Path) -> dict[str, str]:
    inner = json.loads(file.read_text())["claudeAiOauth"]
    assert isinstance(inner, dict)
    return inner


def refreshed(file: Path, url: str) -> str:
    inner = read(file)
    if float(inner["expiresAt"]) / 1000 > time.time():
        return inner["accessToken"]
    home = file.parent
    with folder(home / ".oauth_refresh.lock"), folder(home.with_name(home.name + ".lock")):
        inner = read(file)
        if float(inner["expiresAt"]) / 1000 > time.time():
            return inner["accessToken"]
        body = json.dumps({"grant_type": "refresh_token", "refresh_token": inner["refreshToken"]}).encode()
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            granted = json.load(answer)
        with folder(home / ".storage-write.lock"):
            document = json.loads(file.read_text())
            document["claudeAiOauth"] |= {
                "accessToken": granted["access_token"],
                "refreshToken": granted["refresh_token"],
                "expiresAt": int((time.time() + granted["expires_in"]) * 1000),
            }
            new = file.with_name(f"{file.name}.tmp.{os.getpid()}")
            new.write_text(json.dumps(document))
            new.replace(file)
        return str(granted["access_token"])


def claude(file: str, url: str) -> None:
    said(ready=True)
    while sys.stdin.readline():
        try:
            said(token=refreshed(Path(file), url))
        except (OSError, ValueError) as error:
            said(error=str(error))


if __name__ == "__main__":
    kind, file, url = sys.argv[1:]
    if kind == "claude":
        claude(file, url)
    else:
        asyncio.run(ours(kind, file, url))
