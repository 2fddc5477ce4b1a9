"""Opens a HAR in Chromium's own developer tools and takes a picture of their network panel.

`python tools/har_picture.py FILE.har PICTURE.png [ROW]`: ROW (from 0) is opened at its response. Exit status 1 if the
panel does not show as many requests as the HAR has entries. Needs `chromium` on PATH, and no network.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import sys
import tempfile
from asyncio.subprocess import DEVNULL
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--hide-scrollbars", "--window-size=1280,640", "--remote-debugging-port=0",
    "--remote-allow-origins=*", "about:blank",
)  # fmt: skip
PANEL = "devtools://devtools/bundled/devtools_app.html?panel=network"
READY_SECONDS = 20.0

LOAD = """(async (text, row) => {
  const bundled = (path) => import(`devtools://devtools/bundled/${path}`);
  const {ViewManager} = await bundled('ui/legacy/legacy.js');
  await ViewManager.ViewManager.instance().showView('network');
  const {NetworkPanel} = await bundled('panels/network/network.js');
  const panel = NetworkPanel.NetworkPanel.instance();
  await panel.networkLogView.onLoadFromFile(new File([text], 'flows.har'));
  const {NetworkLog} = await bundled('models/logs/logs.js');
  const requests = NetworkLog.NetworkLog.instance().requests();
  if (row !== null) await panel.selectAndActivateRequest(requests[row], 'response');
  await new Promise((done) => setTimeout(done, 1500));
  return requests.length;
})"""


class Browser:
    """Chromium, by its debugging protocol (https://chromedevtools.github.io/devtools-protocol/)."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._numbers = socket, itertools.count(1)

    async def call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """The result of one call. Raises RuntimeError with what the browser says is wrong."""
        number = next(self._numbers)
        asked = {"id": number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        await self._socket.send(json.dumps(asked))
        while True:
            answer = json.loads(await asyncio.wait_for(self._socket.recv(), READY_SECONDS))
            if answer.get("id") == number:
                break
        if "error" in answer or "exceptionDetails" in answer["result"]:
            raise RuntimeError(f"{method}: {answer}")
        result: dict[str, Any] = answer["result"]
        return result


async def picture(address: str, har: str, row: int | None) -> tuple[int, bytes]:
    """How many requests the panel shows, and the picture."""
    async with connect(address, max_size=None) as socket:
        browser = Browser(socket)
        target = (await browser.call("Target.createTarget", url=PANEL))["targetId"]
        session = (await browser.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        await ready(browser, session)
        script = f"{LOAD}({json.dumps(har)}, {json.dumps(row)})"
        told = await browser.call("Runtime.evaluate", session, expression=script, awaitPromise=True, returnByValue=True)
        shot = await browser.call("Page.captureScreenshot", session, format="png")
        return told["result"]["value"], base64.b64decode(shot["data"])


async def ready(browser: Browser, session: str) -> None:
    """Waits until the developer tools are drawn."""
    async with asyncio.timeout(READY_SECONDS):
        drawn = "document.querySelector('.main-tabbed-pane, .tabbed-pane, .root-view') !== null"
        while not (await browser.call("Runtime.evaluate", session, expression=drawn))["result"].get("value"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def address_of(profile: Path) -> str:
    """Where the browser listens, from the file that it writes."""
    async with asyncio.timeout(READY_SECONDS):
        while True:
            lines = (file := profile / "DevToolsActivePort").exists() and file.read_text().split("\n")
            if lines and len(lines) == 2:
                return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
            await asyncio.sleep(0.1)


async def open_and_show(har: str, row: int | None) -> tuple[int, bytes]:
    """The same with a browser of its own."""
    with tempfile.TemporaryDirectory() as profile:
        command = ["chromium", *FLAGS[:-1], f"--user-data-dir={profile}", FLAGS[-1]]
        browser = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=DEVNULL)
        try:
            return await picture(await address_of(Path(profile)), har, row)
        finally:
            browser.terminate()
            await browser.wait()


def main(har: Path, out: Path, row: int | None) -> int:
    """Takes the picture; the exit status."""
    text = har.read_text()
    shown, image = asyncio.run(open_and_show(text, row))
    out.write_bytes(image)
    entries = len(json.loads(text)["log"]["entries"])
    print(f"{shown} of {entries} entries are shown")
    return 0 if shown == entries else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if sys.argv[3:] else None))
