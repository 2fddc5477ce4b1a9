"""What putting a request into a shape costs: CPU time of one core beyond parsing it once and writing it once.

    .venv/bin/python bench/shaping.py [--rounds N]

The body is that of bench/hooks.py, 0.76 MB. A row is the way of a request from the moment it is whole to the moment it
is sealed, with the hook `shape` and without, less one orjson.loads and one orjson.dumps of the body. Files that are
opened on that way are counted.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import orjson
from hooks import HEADERS, conversation

from ccproxy.config import Config
from ccproxy.daemon import GC_THRESHOLDS
from ccproxy.exchange import Exchange, HttpRequest, WireFormat
from ccproxy.gateway.forwarding import Forwarding
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.router import Router
from ccproxy.gateway.stages import Stages
from ccproxy.pipeline.live import load_pipeline
from ccproxy.providers.provider import ProviderMap, build_providers
from ccproxy.shaping.shape import Provenance, Shape
from ccproxy.shaping.shapes import Shapes
from ccproxy.shaping.store import ShapeStore

MARK = {"type": "ephemeral"}
SHAPE = Shape(
    "anthropic",
    "POST",
    "https://api.anthropic.com/v1/messages?beta=true",
    [
        *((b"x-made-up-%d" % number, b"value") for number in range(12)),
        (b"authorization", b"ccproxy:credential"),
        (b"user-agent", b"madeup-cli/1.2.3"),
        (b"anthropic-beta", b"made-up-2025-01-01,other-2025-02-02"),
        (b"x-claude-code-session-id", b"ccproxy:session-id"),
        (b"x-client-request-id", b"ccproxy:request-id"),
        (b"host", b"ccproxy:host"),
        (b"content-length", b"ccproxy:length"),
    ],
    {"system": [{"type": "text", "text": "made-up identity", "cache_control": MARK}], "mode": {"made_up": True}},
    Provenance("capture", "madeup-cli", "1.2.3", 1.7e9),
)
HOOKS = [
    "ccproxy.shaping.regenerate",
    {"hook": "ccproxy.shaping.caching.strip", "params": {"paths": ["system.*.cache_control"]}},
    {"hook": "ccproxy.shaping.caching.insert", "params": {"path": "system.-1.cache_control"}},
]


def config_of(directory: Path) -> Config:
    """Two providers, one of which names a shape; its profile has all the hooks for caching too."""
    one = {"type": "anthropic", "base_url": "http://127.0.0.1:9"}
    return Config.model_validate(
        {
            "providers": {"p": one, "shaped": {**one, "shape": "anthropic"}},
            "shaping": {"shapes_dir": str(directory), "providers": {"anthropic": {"shape_hooks": HOOKS}}},
            "hooks": {"hooks_dir": None},
        },
        context={"base_dir": directory},
    )


class House:
    """Just enough of the house to take a request from its last byte to the transport."""

    def __init__(self, config: Config) -> None:
        pipeline, providers, shapes = load_pipeline(config).pipeline, build_providers(config), Shapes(config)
        shapes.reload()
        self.stages = Stages(lambda: pipeline, resources={ProviderMap: providers, Shapes: shapes})
        self.router = Router([], providers)

    async def request(self, to: str, body: bytes) -> HttpRequest:
        """One request, sealed."""
        key = b"sk-ant-oat-ccproxy-" + to.encode()
        fields = [(name, key if name == b"x-api-key" else value) for name, value in HEADERS]
        inquiry = Inquiry(Exchange(HttpRequest("POST", b"/v1/messages", fields, body), format=WireFormat.ANTHROPIC))
        run = self.stages.begin(inquiry)
        await run.inbound(inquiry)
        sealed = await Forwarding(inquiry, self.router.route(inquiry), run).same()
        assert isinstance(sealed, HttpRequest)
        return sealed


def cpu(work: Callable[[], object], rounds: int) -> float:
    """Microseconds of CPU for one, the median of five runs."""
    work()
    runs = []
    for _ in range(5):
        gc.collect()
        begun = time.process_time()
        for _ in range(rounds):
            work()
        runs.append((time.process_time() - begun) / rounds * 1e6)
    return statistics.median(runs)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    gc.set_threshold(*GC_THRESHOLDS)
    body = orjson.dumps(conversation(301, 60))
    opened: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        config = config_of(Path(name))
        ShapeStore(Path(name), config.shaping.providers).save(SHAPE)
        house = House(config)
        run = asyncio.Runner()
        sys.addaudithook(lambda event, values: opened.append(str(values[0])) if event == "open" else None)
        both = cpu(lambda: orjson.dumps(orjson.loads(body)), rounds)
        shaped = run.run(house.request("shaped", body))
        assert orjson.loads(shaped.body)["messages"] == orjson.loads(body)["messages"]
        opened.clear()
        plain = cpu(lambda: run.run(house.request("p", body)), rounds)
        with_shape = cpu(lambda: run.run(house.request("shaped", body)), rounds)
        files = len(opened)
    print(f"a body of {len(body) / 1e6:.2f} MB, parsed and written: {both:.0f} us")
    print(f"a request without a shape (its body is parsed for the session, and goes as it came): {plain:.0f} us")
    print(f"a shaped request: {with_shape:.0f} us; beyond one parse and one dump: {with_shape - both:.0f} us")
    print(f"files opened on {6 * rounds} shaped and as many other requests: {files}")


if __name__ == "__main__":
    main()
