"""What hooks cost by themselves, without a daemon: CPU time of one core, and how often JSON is parsed and written.

    .venv/bin/python bench/hooks.py [--rounds N]

The body is a long conversation of a coding agent: 0.76 MB, 301 messages, 60 tools. A row is what its hooks add to a
request between the moment it is whole and the moment it is sent: their share of the two request stages, and the JSON
that had to be parsed or written for them.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson

from ccproxy.config import Config
from ccproxy.daemon import GC_THRESHOLDS
from ccproxy.exchange import Exchange, HttpRequest, WireFormat
from ccproxy.gateway.forwarding import Forwarding
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.plan import Plan, route_to
from ccproxy.gateway.stages import Stages
from ccproxy.gateway.translation.request import load_types
from ccproxy.hooks import extract_session_id, inject_auth, verbose_mode
from ccproxy.pipeline.context import Context
from ccproxy.pipeline.hook import Hook, Step, hook
from ccproxy.pipeline.pipeline import build_pipeline
from ccproxy.providers.provider import ProviderMap, build_providers

HEADERS = [
    (b"Host", b"127.0.0.1:4000"), (b"User-Agent", b"bench/1.0"), (b"Content-Type", b"application/json"),
    (b"x-api-key", b"sk-ant-oat-ccproxy-p"), (b"anthropic-version", b"2023-06-01"),
    (b"anthropic-beta", b"interleaved-thinking-2025-05-14,redact-thinking-2026-02-12"),
]  # fmt: skip
USER = "user_0123456789abcdef_account_00000000-0000-4000-8000-000000000000_session_00000000-0000-4000-8000-000000000001"


def conversation(messages: int, tools: int) -> dict[str, Any]:
    """A long conversation of a coding agent."""
    said: list[dict[str, Any]] = []
    for number in range(messages):
        words = f"{number} " + "The quick brown fox “naïve” jumps. " * 24
        if number % 2 == 0 and number:
            result = [{"type": "text", "text": words * 3}]
            said.append(
                {
                    "role": "user",
                    "content": [{"type": "tool_result", "tool_use_id": f"t{number - 1}", "content": result}],
                }
            )
        elif number % 2:
            call = {
                "type": "tool_use",
                "id": f"t{number}",
                "name": "tool_1",
                "input": {"path": "a/b.py", "text": words},
            }
            said.append({"role": "assistant", "content": [{"type": "text", "text": words[:200]}, call]})
        else:
            said.append({"role": "user", "content": [{"type": "text", "text": words}]})
    fields = {
        f"field_{n}": {"type": "string", "description": "What this field is for, in a few words."} for n in range(6)
    }
    schema = {"type": "object", "properties": fields, "required": ["field_0"]}
    offered = [
        {"name": f"tool_{n}", "description": "Does something. " * 40, "input_schema": schema} for n in range(tools)
    ]
    system = [{"type": "text", "text": "You help. " * 1200, "cache_control": {"type": "ephemeral"}}]
    return {
        "model": "claude-sonnet-4-5", "max_tokens": 32000, "stream": True, "metadata": {"user_id": USER},
        "system": system, "tools": offered, "messages": said,
    }  # fmt: skip


@hook(stage="inbound", reads=["headers.x-project"], writes=["exchange.tags"])
def header_only(ctx: Context, params: Any) -> None:
    """Looks at a header field."""
    if ctx.headers.get("x-project"):
        ctx.exchange.tag("project", "x")


@hook(stage="inbound", reads=["max_tokens"], writes=["max_tokens"])
def raw_write(ctx: Context, params: Any) -> None:
    """Changes one number."""
    ctx.body.assign("max_tokens", 1000)


@hook(stage="inbound", reads=["messages"])
def typed_read(ctx: Context, params: Any) -> None:
    """Looks at the messages as typed objects."""
    len(ctx.messages)


@hook(stage="inbound", reads=["messages"], writes=["messages"])
def typed_write(ctx: Context, params: Any) -> None:
    """Takes the last message away."""
    ctx.messages = ctx.messages[:-1]


@hook(stage="inbound", reads=["**"], writes=["**"])
def rewrite_all(ctx: Context, params: Any) -> None:
    """Passes every text through a function, and changes one."""
    ctx.body.rewrite("**", lambda text: text.replace("299 The", "299 A"))


AUTH = inject_auth.inject_auth
DEFAULT = [extract_session_id.extract_session_id, AUTH, verbose_mode.verbose_mode]
ROWS: dict[str, list[Hook]] = {
    "the default hooks": DEFAULT,
    "no hook touches the body": [AUTH, verbose_mode.verbose_mode, header_only],
    "a number changed (`ctx.body`)": [AUTH, raw_write],
    "messages read (`ctx.messages`)": [AUTH, typed_read],
    "messages changed (`ctx.messages`)": [AUTH, typed_write],
    "every text looked at (`ctx.body.rewrite`)": [AUTH, rewrite_all],
    "default hooks and messages changed": [*DEFAULT, typed_write],
}


class House:
    """Just enough of the house to take a request from its last byte to the transport."""

    def __init__(self, hooks: list[Hook]) -> None:
        config = Config.model_validate({"providers": {"p": {"type": "anthropic", "base_url": "http://127.0.0.1:9"}}})
        self.providers: ProviderMap = build_providers(config)
        pipeline = build_pipeline([Step(one, one.stages[0], source="bench") for one in hooks])
        self.stages = Stages(lambda: pipeline, resources={ProviderMap: self.providers})
        provider = self.providers["p"]
        self.plan = Plan(
            route_to("redirect", provider, provider.origin, "bench"), provider.origin, b"/v1/messages", provider
        )

    async def request(self, body: bytes) -> HttpRequest:
        """One request, sealed."""
        exchange = Exchange(HttpRequest("POST", b"/v1/messages", HEADERS, body), format=WireFormat.ANTHROPIC)
        inquiry = Inquiry(exchange)
        run = self.stages.begin(inquiry)
        await run.inbound(inquiry)
        sealed = await Forwarding(inquiry, self.plan, run).same()
        assert isinstance(sealed, HttpRequest)
        return sealed


async def spent(house: House, body: bytes, times: int) -> float:
    """CPU seconds of one request."""
    begin = time.process_time()
    for _ in range(times):
        await house.request(body)
    return (time.process_time() - begin) / times


async def counted(house: House, body: bytes) -> Counter[str]:
    """How often one request had JSON of its body parsed or written."""
    counts: Counter[str] = Counter()
    loads, dumps = orjson.loads, orjson.dumps

    def parse(data: Any) -> Any:
        counts["parsed"] += len(data) > len(body) // 2
        return loads(data)

    def write(value: Any, *args: Any, **options: Any) -> bytes:
        written: bytes = dumps(value, *args, **options)
        counts["written"] += len(written) > len(body) // 2
        return written

    replaced: Callable[[str, Any], None] = lambda name, value: setattr(orjson, name, value)  # noqa: E731
    replaced("loads", parse)
    replaced("dumps", write)
    try:
        await house.request(body)
    finally:
        replaced("loads", loads)
        replaced("dumps", dumps)
    return counts


async def main(rounds: int) -> None:
    """Measures all rows in turns, so that a slow minute hits them all."""
    await load_types()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    body = orjson.dumps(conversation(301, 60))
    houses = {name: House(hooks) for name, hooks in {"none": [AUTH], **ROWS}.items()}
    costs: dict[str, list[float]] = {name: [] for name in houses}
    for _ in range(rounds):
        for name, house in houses.items():
            costs[name].append(await spent(house, body, 5))
    small = orjson.dumps(conversation(3, 1))
    little: dict[str, list[float]] = {name: [] for name in houses}
    for _ in range(rounds):
        for name, house in houses.items():
            little[name].append(await spent(house, small, 100))
    middle = {name: statistics.median(values) for name, values in costs.items()}
    middle_small = {name: statistics.median(values) for name, values in little.items()}
    print(f"body of {len(body) / 1e6:.2f} MB; small one of {len(small) / 1e3:.1f} kB; `inject_auth` alone: "
          f"{middle['none'] * 1e6:.0f} µs and {middle_small['none'] * 1e6:.0f} µs\n")  # fmt: skip
    print("| hooks | added, ms CPU | JSON parsed | written | added to a small one, µs |\n|---|---|---|---|---|")
    for name in ROWS:
        counts = await counted(houses[name], body)
        added, added_small = middle[name] - middle["none"], middle_small[name] - middle_small["none"]
        print(f"| {name} | {added * 1e3:.2f} | {counts['parsed']} | {counts['written']} | {added_small * 1e6:.0f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    asyncio.run(main(parser.parse_args().rounds))
