"""What Code Assist's envelope costs: CPU time of one core, putting requests into it and taking answers out of it.

    .venv/bin/python bench/code_assist.py [--rounds N]

A request is a conversation of the Gemini API, from the moment it is whole to the moment it is sealed, once for a plain
`gemini` provider and once for one that is Code Assist. A stream has 2,000 events with some text and usage each, as
Google's have; beside it stand json.loads and json.dumps of the same events, in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import time
from collections.abc import Callable
from functools import partial

import orjson

from ccproxy.config import Config
from ccproxy.daemon import GC_THRESHOLDS
from ccproxy.exchange import Exchange, HttpRequest, WireFormat
from ccproxy.gateway.forwarding import Forwarding
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.router import Router
from ccproxy.gateway.stages import Stages
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.gemini.unwrapping import Unwrapping
from ccproxy.lightllm.stream_translator import StreamTranslator
from ccproxy.pipeline.live import load_pipeline
from ccproxy.providers.provider import ProviderMap, build_providers

EVENTS = 2000
TARGET = b"/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse"
CONFIG = {
    "providers": {
        "plain": {"type": "gemini", "base_url": "http://127.0.0.1:9"},
        "wrapped": {"type": "gemini", "base_url": "http://127.0.0.1:9", "path": "/v1internal:{action}"},
    },
    "hooks": {"hooks_dir": None},
}


def conversation(turns: int, words: int) -> bytes:
    """A call of the Gemini API."""
    said = [
        {"role": "user" if n % 2 == 0 else "model", "parts": [{"text": "some words " * words}]} for n in range(turns)
    ]
    return orjson.dumps({"contents": said, "generationConfig": {"temperature": 0.7}})


def answers() -> list[bytes]:
    """The pieces of a stream, without envelopes."""
    usage = {"promptTokenCount": 1000, "candidatesTokenCount": 7, "totalTokenCount": 1007, "trafficType": "ON_DEMAND"}
    parts = [
        {"content": {"parts": [{"text": f"piece {n} of it, with a few words. "}], "role": "model"}}
        for n in range(EVENTS)
    ]
    parts[-1]["finishReason"] = "STOP"  # type: ignore[assignment]
    more = {
        "usageMetadata": usage,
        "modelVersion": "gemini-2.5-pro",
        "createTime": "2026-01-01T00:00:00Z",
        "responseId": "r1",
    }
    return [orjson.dumps({"candidates": [part], **more}) for part in parts]


class House:
    """Just enough of the house to take a request from its last byte to the transport."""

    def __init__(self, config: Config) -> None:
        pipeline, providers = load_pipeline(config).pipeline, build_providers(config)
        self.stages = Stages(lambda: pipeline, resources={ProviderMap: providers})
        self.router = Router([], providers)

    async def request(self, to: str, body: bytes) -> HttpRequest:
        """One request, sealed."""
        fields = [(b"Host", b"x"), (b"x-goog-api-key", b"sk-ant-oat-ccproxy-" + to.encode())]
        inquiry = Inquiry(Exchange(HttpRequest("POST", TARGET, fields, body), format=WireFormat.GEMINI))
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


def unwrapped(chunks: list[bytes], *, array: bool) -> bytes:
    """A stream without its envelopes."""
    machine = Unwrapping(array=array)
    return b"".join([machine.feed(chunk) for chunk in chunks]) + machine.end()


def translated(chunks: list[bytes]) -> bytes:
    """The same stream for a client of Anthropic's API."""
    machine = StreamTranslator(WireFormat.GEMINI, WireFormat.ANTHROPIC, Asked("m", {}))
    return b"".join([machine.feed(chunk) for chunk in chunks]) + machine.end()


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    gc.set_threshold(*GC_THRESHOLDS)
    house, run = House(Config.model_validate(CONFIG)), asyncio.Runner()

    def made(to: str, body: bytes) -> HttpRequest:
        return run.run(house.request(to, body))

    for name, body in (("small", conversation(3, 20)), ("long", conversation(301, 225))):
        plain = cpu(partial(made, "plain", body), rounds)
        wrapped = cpu(partial(made, "wrapped", body), rounds)
        sealed = orjson.loads(made("wrapped", body).body)
        assert sealed["request"]["contents"] == orjson.loads(body)["contents"]
        print(f"a {name} request, {len(body):,} bytes: plain {plain:.0f} us, Code Assist {wrapped:.0f} us")
    inner = answers()
    bare = [b"data: %b\r\n\r\n" % each for each in inner]
    chunks = [b'data: {"response": %b,"traceId": "0123456789abcdef"}\r\n\r\n' % each for each in inner]
    assert unwrapped(chunks, array=False) == b"".join(bare)
    again = cpu(lambda: [json.dumps(json.loads(each)) for each in inner], rounds) / EVENTS
    rows = {
        "json.loads and json.dumps": again,
        "taken out of the envelope, as events": cpu(lambda: unwrapped(chunks, array=False), rounds) / EVENTS,
        "taken out of the envelope, as an array": cpu(lambda: unwrapped(chunks, array=True), rounds) / EVENTS,
        "translated for an Anthropic client, without envelopes": cpu(lambda: translated(bare), rounds) / EVENTS,
        "translated for an Anthropic client, in envelopes": cpu(lambda: translated(chunks), rounds) / EVENTS,
    }
    print(f"an event of {len(chunks[0])} bytes:")
    for name, micros in rows.items():
        print(f"  {micros:6.1f} us  {micros / again:4.2f}  {name}")


if __name__ == "__main__":
    main()
