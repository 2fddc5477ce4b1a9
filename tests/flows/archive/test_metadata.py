"""Archives that keep no bodies: not a word of what was asked or answered is in their files."""

from __future__ import annotations

from pathlib import Path

import orjson

from ccproxy.exchange import Attempt, Exchange, Message, RawRecord, WebSocketRecord, WireFormat
from ccproxy.flows.archive.reader import ArchiveReader
from ccproxy.flows.importing import Count, Importer
from ccproxy.flows.record.record import to_record
from ccproxy.flows.selection import Selection
from tests.support.turns import ask, exchange, model, task, user

ASKED, ANSWERED, RULED = "Zanzibar marmalade", "Quixotic heliotrope", "Verdigris umbrella"
WORDS = [word.encode() for said in (ASKED, ANSWERED, RULED) for word in said.split()]


def flows() -> list[Exchange]:
    """Turns in all formats, a sub-agent, a refusal that was tried again, a WebSocket, a TCP conversation."""
    begun = [user(ASKED), {"role": "assistant", "content": [task(ANSWERED)]}]
    openai = {"model": "m", "messages": [{"role": "system", "content": RULED}, {"role": "user", "content": ASKED}]}
    responses = {"model": "m", "instructions": RULED, "input": ASKED}
    gemini = {"contents": [{"role": "user", "parts": [{"text": ASKED}]}]}
    refused = ask([*begun, user(ASKED), model(ANSWERED), user(ASKED)], ANSWERED, status=529, system=RULED)
    refused.attempts = [Attempt(status=529, body=ANSWERED.encode())]
    socket = exchange(WireFormat.OPENAI_RESPONSES, b"", status=101)
    said = [Message(True, ASKED.encode(), 1.0), Message(False, ANSWERED.encode(), 2.0)]
    socket.websocket = WebSocketRecord(messages=list(said))
    tcp = exchange(WireFormat.ANTHROPIC, b"", protocol="tcp")
    tcp.raw = RawRecord(messages=list(said))
    return [
        ask([user(ASKED)], begun[1]["content"], system=RULED),
        ask([user(ANSWERED)], ANSWERED, system=RULED),
        ask([*begun, user(ASKED)], ANSWERED, system=RULED),
        refused,
        exchange(WireFormat.OPENAI, openai, {"choices": [{"message": {"role": "assistant", "content": ANSWERED}}]}),
        exchange(WireFormat.OPENAI_RESPONSES, responses, {"output": [{"type": "message", "content": ANSWERED}]}),
        exchange(WireFormat.OPENAI, openai, {"error": {"message": ANSWERED, "type": "x"}}, status=400),
        exchange(WireFormat.OPENAI, openai, b'data: {"error":{"message":"%s"}}\n\n' % ANSWERED.encode()),
        exchange(WireFormat.GEMINI, gemini, {"candidates": [{"content": {"parts": [{"text": ANSWERED}]}}]}),
        socket,
        tcp,
    ]


def test_no_word_of_a_body_is_in_the_files(tmp_path: Path) -> None:
    made, count = flows(), Count()
    with Importer(tmp_path / "flows.db", print, bodies=False) as importer:
        importer.take(made, count)
        kept = b"".join(file.read_bytes() for file in sorted(tmp_path.iterdir()))
    assert count.taken == len(made)
    with ArchiveReader(tmp_path / "flows.db") as reader:
        summaries = reader.summaries(Selection())
        told = [to_record(reader.exchange(flow["id"])) for flow in summaries]
    facts = [orjson.dumps([record.facts, [body.decode() for body in record.bodies]]) for record in told]
    kinds = {flow["id"]: flow.get("kind") for flow in summaries}
    assert [kinds[flow.id] for flow in made[:3]] == ["root", "agent", "turn"]
    for text in (kept, orjson.dumps(summaries), *facts):
        assert [word for word in WORDS if word.lower() in text.lower()] == []


def test_with_bodies_they_are_where_they_belong(tmp_path: Path) -> None:
    """So the test above would find them."""
    with Importer(tmp_path / "flows.db", print) as importer:
        importer.take(flows(), Count())
    with ArchiveReader(tmp_path / "flows.db") as reader:
        assert any(flow.get("title") == ASKED for flow in reader.summaries(Selection()))
