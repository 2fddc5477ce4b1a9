"""Writes the seeds of the fuzz targets into fuzz/corpus: small messages in each format, all of ccproxy's own making."""

from __future__ import annotations

import hashlib
from pathlib import Path
from random import Random

import orjson

from ccproxy.exchange import CLIENT_FORMATS
from tests.support.conversations import SCHEMAS, TELLERS, Call, Conversation, Turn
from tests.support.disorder import wire
from tests.support.good_messages import good_bodies, good_errors, good_streams
from tests.support.perplexity import encodings as web

CORPUS = Path(__file__).parent / "corpus"
CALLS = [Call("call_1", "f", {"list": [1]}, "2"), Call("toolu_2", "x-y", {}, "no", failed=True)]
REQUEST = Conversation(
    "Be brief.",
    [Turn(["Hello"], True, "Hi", []), Turn(["And"], False, "", CALLS)],
    ["Go on"],
    [("f", SCHEMAS[0]), ("x-y", SCHEMAS[-1])],
    {"max": 9, "temperature": 0.5, "stop": ["END"], "choice": "f", "strict": True},
)
HOOKED = (
    b"-redact, +house_rules,looks\nmessages.*.content,contents,input.-1,**\n",
    b"+looks,-absent,-guardian\nheaders.X-A,exchange.*,system.0.text,settings,generationConfig\n",
    b"- ,,+x\n*,request.contents.0.parts.**,tools.0.function.name,metadata.user_id\n",
)
"""What a client says about hooks, and what hooks declare."""
WRAPPED = (
    b'data: {"response": {"candidates": [{"content": {"parts": [{"text": "a"}]}}]}, "traceId": "t"}\r\n\r\n'
    b'data: {"traceId":"t","response":{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1}}}'
    b"\r\n\r\n",
    b': c\nevent:e\ndata: [{"response":{"a":1}},\ndata: {"response":{"error":{"code":503}}}]\nid:3\n\ndata: [DONE]\n\n',
    b'data:{"error":{"code":429,"message":"m"},"response":{"promptFeedback":{"blockReason":"X"}}}\r\rdata: no JSON\r\r',
    b'{"r\\u0065sponse":{"x": 1.50},"response":{"\\u0065rror":null,"y":[{"response":{}}]},"traceId":"}"}',
)
"""Answers of Code Assist, and what else may come in their place."""

CITED = web.State(
    ("Rome", " is [1", "] `big`", ".[2]"),
    (
        web.Goal(
            "Looking",
            (
                web.step("SEARCH_WEB", "1", queries=["x"]),
                web.step("CLARIFYING_QUESTIONS", "2", questions=["Why?"]),
            ),
        ),
    ),
    (web.result(1), web.result(2)),
)
WEB = (
    *(web.frames(web.events(CITED, Random(seed))) for seed in range(8)),  # noqa: S311 (the same seeds every time)
    web.frames([web.failed("RATE_LIMITED", "slow down")]),
    orjson.dumps(web.final(CITED, [web.mirror(CITED)])),
    orjson.dumps({"detail": [{"loc": ["body"], "msg": "field required"}]}),
)
"""What the web application of Perplexity may say."""


def main() -> None:
    """Writes all seeds."""
    for number, format in enumerate(CLIENT_FORMATS):
        head = bytes([number, 0])
        for frames in good_streams()[format]:
            keep("stream", head + wire(frames))
        for document in good_bodies()[format]:
            keep("body", head + orjson.dumps(document))
        for document in good_errors()[format]:
            keep("error", head + orjson.dumps(document))
        for at, seed in enumerate(WRAPPED):
            keep("unwrapping", bytes([number, at]) + seed)
        for at, seed in enumerate(WEB):
            keep("perplexity", bytes([number, at]) + seed)
        keep("request", head + orjson.dumps(TELLERS[format](REQUEST)))
        for at, line in enumerate(HOOKED):
            keep("hooks", bytes([number, at]) + line + orjson.dumps(TELLERS[format](REQUEST)))


def keep(target: str, seed: bytes) -> None:
    """Puts a seed where its target finds it."""
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)


if __name__ == "__main__":
    main()
