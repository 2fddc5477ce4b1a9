"""What a client's URL names comes from the public internet, by a real daemon, and from nowhere else (R2, W-SEC-14)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.internet.pages import pattern
from tests.support.jailed import House
from tests.support.outer import Outer, Running, people
from tests.support.perplexity.served import MODEL, provider
from tests.support.perplexity.server import TOKEN

PUBLIC = "93.184.215.14"
INNER = ("10.1.2.3", "127.0.0.1", "169.254.169.254", "192.168.77.1", "100.100.100.200", "198.18.3.3")


@dataclass
class Scene:
    """A daemon, its provider, and an internet where every address answers."""

    outer: Outer
    house: House
    site: Running

    def told(self) -> dict[str, Any]:
        """What the provider knows."""
        return told(self.site)

    def ask(self, url: str) -> Any:
        """A question about a picture under a URL; the answer, an error or not."""
        parts = [{"type": "text", "text": "what is it?"}, {"type": "image_url", "image_url": {"url": url}}]
        body = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": parts}]})
        line = ["curl", "-sS", "--max-time", "20", "-H", "authorization: Bearer sk-ant-oat-ccproxy-pplx", "-d", body]
        done = self.outer.run([*line, f"http://127.0.0.1:{self.house.daemon.port}/v1/chat/completions"])
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def told(site: Running) -> dict[str, Any]:
    assert site.stdin is not None
    assert site.stdout is not None
    site.stdin.write(b"\n")
    site.stdin.flush()
    found: dict[str, Any] = json.loads(site.stdout.readline())
    return found


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with Outer(people()[0], sniff=True) as outer:
        site = outer.module("tests.jail.outside.site")
        auth = {"type": "command", "command": f"echo {TOKEN}"}
        with House(outer, {"providers": {"pplx": provider(told(site)["url"], auth)}}) as house:
            yield Scene(outer, house, site)


@pytest.mark.parametrize("place", ["https://93-184-215-14.ip.test", f"http://{PUBLIC}"])
def test_from_a_public_address(scene: Scene, place: str) -> None:
    """Looked up in the real way, over verified TLS, and given on to the provider as it is."""
    before = scene.told()
    answer = scene.ask(f"{place}/bytes/5000")
    assert answer["choices"][0]["message"]["content"], answer
    after = scene.told()
    assert after["files"][len(before["files"]) :] == [base64.b64encode(pattern(5000)).decode()]
    host = place.partition("//")[2]
    (came,) = scene.outer.arrived(kind="http", host=host)
    assert came["to"] == PUBLIC
    port = {"https": 443, "http": 80}[place.partition(":")[0]]
    assert scene.outer.until(lambda: scene.outer.sniffed(protocol="tcp", target=PUBLIC, port=port))


@pytest.mark.parametrize("address", INNER)
@pytest.mark.parametrize(
    "form", ["https://{dashes}.ip.test/bytes/9", "http://{address}/", "http://[::ffff:{address}]/"]
)
def test_never_from_another(scene: Scene, address: str, form: str) -> None:
    """The client is told so; not a packet goes there, and nothing of it to the provider."""
    before = scene.told()
    url = form.format(dashes=address.replace(".", "-"), address=address)
    error = scene.ask(url)["error"]
    assert "on the public internet" in error["message"]
    assert "data URI" in error["message"]
    assert error["type"] == "invalid_request_error"
    assert not scene.outer.arrived(kind="http", to=address)
    assert not [port for port in (80, 443) if scene.outer.sniffed(target=address, port=port)]
    assert scene.told() == before
