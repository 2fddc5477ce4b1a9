"""What reading an answer of Perplexity's web application costs by itself: CPU time of one core.

    .venv/bin/python -m bench.perplexity [--rounds N] [--quick]

The streams are text in pieces, told in each of the ways in which the application tells it, with results to cite before
it; a cell is what reading it and writing it for a client costs, framing and JSON included. Where each event repeats the
text so far, most of that is reading the repetition. `json` is json.loads + json.dumps of the same events.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from bench.lightllm import SENTENCE, asked, read_and_written, spent, table
from ccproxy.exchange import CLIENT_FORMATS, WireFormat
from ccproxy.lightllm.stream_translator import StreamTranslator

RESULTS = 10
CITED = 20
"""Every so many pieces have a marker."""
SHORT = 200
"""Pieces of an answer each event of which repeats all before."""


def piece(number: int) -> str:
    """One piece of the text."""
    return SENTENCE if number % CITED else f"{SENTENCE} [{number // CITED % RESULTS + 1}]"


def event(*blocks: dict[str, Any], **members: Any) -> bytes:
    """An event as it stands in the body."""
    ids = {"backend_uuid": "b" * 36, "context_uuid": "c" * 36, "thread_url_slug": "s" * 40}
    state = {"display_model": "claude46sonnet", "status": "PENDING", "final_sse_message": False, **members}
    return b"event: message\r\ndata: " + orjson.dumps({**ids, **state, "blocks": blocks}) + b"\r\n\r\n"


def patch(path: str, value: Any) -> dict[str, Any]:
    """A block of the answer with one patch."""
    diff = {"field": "markdown_block", "patches": [{"op": "replace", "path": path, "value": value}]}
    return {"intended_usage": "ask_text_0_markdown", "diff_block": diff}


def told(number: int, upto: list[str]) -> dict[str, Callable[[], dict[str, Any]]]:
    """How a piece may be told."""
    return {
        "/chunks/N": lambda: patch(f"/chunks/{number}", upto[-1]),
        "list of chunks": lambda: patch("", {"chunks": upto[-1:], "chunk_starting_offset": number, "answer": None}),
        "all chunks": lambda: patch("", {"chunks": upto, "chunk_starting_offset": 0, "answer": None}),
        "whole text": lambda: patch("", {"answer": "".join(upto)}),
    }


def stream(way: str, count: int) -> Iterator[bytes]:
    """A stream of `count` text events, an event a chunk."""
    found = [{"name": f"Title {n}", "url": f"https://example.org/{n}", "snippet": SENTENCE} for n in range(RESULTS)]
    results = {"progress": "DONE", "web_results": found}
    yield event({"intended_usage": "web_results", "web_result_block": results})
    upto: list[str] = []
    for number in range(count):
        upto.append(piece(number))
        yield event(told(number, upto)[way]())
    yield event({"intended_usage": "ask_text_0_markdown", "markdown_block": {"answer": "".join(upto)}},
                status="COMPLETED", final_sse_message=True)  # fmt: skip


def translated(pieces: list[bytes], client: WireFormat, citations: str) -> None:
    """Passes a stream through a translator."""
    translator = StreamTranslator(WireFormat.PERPLEXITY, client, asked(), reading={"citations": citations})
    for each in pieces:
        translator.feed(each)
    translator.end()
    assert translator.error is None, translator.error


def rows(rounds: int, count: int, citations: str) -> Iterator[tuple[str, list[str]]]:
    """CPU µs a text event, and how many times that is what json needs, a row a way of telling."""
    for way in told(0, []):
        events = count if "N" in way or "list" in way else min(count, SHORT)
        pieces = list(stream(way, events))
        least = spent(rounds, read_and_written, pieces, json.loads, json.dumps) / events
        costs = [spent(rounds, translated, pieces, client, citations) / events for client in CLIENT_FORMATS]
        cells = [f"{seconds * 1e6:.1f} ({seconds / least:.2f} of json)" for seconds in costs]
        yield f"{way}, {events} events", [*cells, f"{least * 1e6:.1f}"]


def main() -> None:
    """Measures everything and prints tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="fewer events, for a first look")
    options = parser.parse_args()
    count = 500 if options.quick else 5000
    for citations in ("markdown", "default", "clean"):
        title = f"CPU µs a text event, citations {citations}"
        table(title, ["told by ↓ client →", *CLIENT_FORMATS, "json"], rows(options.rounds, count, citations))


if __name__ == "__main__":
    main()
