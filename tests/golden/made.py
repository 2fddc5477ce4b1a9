"""Flows made from recorded exchanges with providers: as they are, then as clients of other formats would have had them.

Everything about them is fixed, ids and times too, so that what the commands print can be kept and compared.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Iterator
from hashlib import sha256
from itertools import chain, islice, product
from pathlib import Path
from typing import Any

from ccproxy.exchange import (
    CLIENT_FORMATS,
    Attempt,
    Exchange,
    Failure,
    HookResult,
    HttpRequest,
    HttpResponse,
    Origin,
    Route,
    WireFormat,
)
from ccproxy.lightllm.convert import Converted, InvalidCall, Kind, Malformed, convert

RECORDED = Path(__file__).parents[3] / "shared" / "fixtures" / "recorded"
SAMPLE = Path(__file__).parents[1] / "flows" / "data"

BEGAN = 1_735_689_600.0
"""2025-01-01 UTC: long enough ago that a table shows the day, whatever the day is."""
APART = 173.0
MOMENT = re.compile(rb'("(?:created|created_at|completed_at)": ?)(1\d{9})')
RESPONSE_ID = re.compile(rb'("responseId": ?")[\w-]{23}(")')
PATHS = {
    WireFormat.ANTHROPIC: "/v1/messages",
    WireFormat.OPENAI: "/v1/chat/completions",
    WireFormat.OPENAI_RESPONSES: "/v1/responses",
}
CLIENTS = {
    WireFormat.ANTHROPIC: b"claude-cli/2.1.0 (external, cli)",
    WireFormat.OPENAI: b"OpenAI/Python 3.0.1",
    WireFormat.OPENAI_RESPONSES: b"codex_cli_rs/0.60.0",
    WireFormat.GEMINI: b"google-genai-sdk/3.0.0 gl-python/3.13.5",
}
PROVIDERS = {
    "api.anthropic.com": "anthropic",
    "api.openai.com": "openai",
    "generativelanguage.googleapis.com": "gemini",
}


def flows(directory: Path, count: int) -> list[Exchange]:
    """`count` flows, fewer if there are not so many to be made; the oldest first."""
    files = [json.loads(path.read_text()) for path in sorted(directory.rglob("*.json"))]
    cases = [each for each in files if "source" in each]
    made = chain((straight(case) for case in cases), crossed(cases))
    return [placed(ex, index) for index, ex in enumerate(islice((ex for ex in made if ex), count))]


def straight(case: dict[str, Any]) -> Exchange:
    """The exchange as a redirect makes it: bytes as they came."""
    wire, request, answer = facts(case)
    ex = begun(wire, case["path"], request, case["host"])
    ex.provider_response = ex.response = response(case, answer)
    return ex


def crossed(cases: list[dict[str, Any]]) -> Iterator[Exchange | None]:
    """Each exchange as a client of another format has it, where that can be said in both."""
    formats = list(CLIENT_FORMATS)
    for offset, case in product((1, 2, 3), cases):
        yield translated(case, formats[(formats.index(wire_of(case)) + offset) % len(formats)])


def translated(case: dict[str, Any], client: WireFormat) -> Exchange | None:
    """The exchange as a translation makes it; None where it cannot be said in the client's format."""
    wire, request, answer = facts(case)
    kind: Kind = "error" if case["status"] >= 400 else "stream" if case["stream"] else "answer"
    try:
        asked, told = converted(request, wire, client, "request"), converted(answer, wire, client, kind)
    except (InvalidCall, Malformed):
        return None
    model = json.loads(request).get("model", "gemini-2.5-flash")
    path = (
        PATHS.get(client)
        or f"/v1beta/models/{model}:{'streamGenerateContent' if case['stream'] else 'generateContent'}"
    )
    ex = begun(wire, case["path"], request, case["host"])
    ex.request = HttpRequest("POST", path.encode(), headers(client), timeless(asked.data))
    ex.format = client
    assert ex.route is not None
    ex.route.action = "transform"
    ex.provider_response, ex.response = response(case, answer), response(case, timeless(told.data))
    ex.count_dropped(asked.drops.counts)
    return ex


def converted(data: bytes, wire: WireFormat, client: WireFormat, kind: Kind) -> Converted:
    """A message in the client's format, with the same made-up ids each time."""
    random.seed(len(data))
    return convert(data, wire, client, kind, None)


def timeless(body: bytes) -> bytes:
    """A translated body without the moment of its translation, nor the id that Gemini's format has of chance."""
    now = time.time()
    body = MOMENT.sub(lambda found: found[0] if now - int(found[2]) > 86_400 else b"%s%d" % (found[1], BEGAN), body)
    return RESPONSE_ID.sub(rb"\1of-no-meaning-at-all\2", body)


def begun(wire: WireFormat, path: str, body: bytes, host: str) -> Exchange:
    """An exchange that has been sent."""
    ex = Exchange(HttpRequest("POST", path.encode(), headers(wire), body), client=("127.0.0.1", 51000), format=wire)
    provider = PROVIDERS.get(host, host.split(".")[-2])
    ex.route = Route("redirect", provider, wire, Origin("https", host, 443), f"sentinel {provider} in x-api-key")
    ex.forwarded = HttpRequest(
        "POST", path.encode(), [(b"Host", host.encode()), (b"x-api-key", b"not-for-your-eyes")], body
    )
    ex.credential_headers = frozenset({"x-api-key"})
    ex.hooks = [HookResult("inject_auth", "outbound", "ran", seconds=0.0002, wrote=("auth",))]
    return ex


def headers(wire: WireFormat) -> list[tuple[bytes, bytes]]:
    """What a client of this format sends."""
    return [
        (b"host", b"127.0.0.1:4000"),
        (b"user-agent", CLIENTS[wire]),
        (b"content-type", b"application/json"),
        (b"x-api-key", b"sk-ant-oat-ccproxy-main"),
    ]


def response(case: dict[str, Any], body: bytes) -> HttpResponse:
    """An answer as it passed by."""
    kind = b"text/event-stream; charset=utf-8" if case["stream"] else b"application/json"
    return HttpResponse(case["status"], [(b"content-type", kind)], b"OK", [body], complete=True)


def facts(case: dict[str, Any]) -> tuple[WireFormat, bytes, bytes]:
    """The provider's format, and the bodies both ways."""
    answer = case["response"] if case["stream"] else json.dumps(case["response"])
    return wire_of(case), json.dumps(case["request"]).encode(), answer.encode()


def wire_of(case: dict[str, Any]) -> WireFormat:
    """The format of a recorded exchange."""
    return WireFormat(case["format"].removesuffix("_chat"))


def placed(ex: Exchange, index: int) -> Exchange:
    """The exchange with an id and times of its own."""
    digest = sha256(b"%d" % index).hexdigest()
    ex.id = f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"
    times, start = ex.timings, BEGAN + APART * index
    times.started, times.received, times.sent = start, start + 0.001, start + 0.002
    times.headers, times.first_byte = start + 0.25 + index % 7 / 10, start + 0.26 + index % 7 / 10
    times.finished = start + 1.0 + index % 11 / 3
    status = ex.response.status if ex.response else None
    ex.attempts = [Attempt(start + 0.002, times.headers, status)]
    if index % 50 == 49:
        ex.failure = Failure("upstream_closed", "the provider closed the connection in the middle of its answer")
    return ex
