"""One answer of the web application, told in any of the ways in which it may be told. Pure.

`events` makes the documents of a stream out of the state that they lead to and a source of chance; whatever that
brings, a reader must come to the same state. `frames` makes bytes of them. The field names are those of
perplexity.ai's own pages (wire.md §4.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson

type Document = dict[str, Any]

MARKDOWN = "ask_text_0_markdown"
PLAN_USAGES = ("plan", "pro_search_steps", "reasoning_plan_block")
MODES = ("A", "B", "C", "D", "mirror")
"""The ways of telling text: cumulative, in lists of chunks, chunk by chunk, cumulative by another path, and whole."""


@dataclass(frozen=True)
class Goal:
    """What the model sets out to do, and the steps that it took for that."""

    text: str
    steps: tuple[Document, ...] = ()


@dataclass(frozen=True)
class State:
    """What a stream leads to."""

    chunks: tuple[str, ...] = ("Hel", "lo")
    goals: tuple[Goal, ...] = ()
    results: tuple[Document, ...] = ()
    ids: Document = field(
        default_factory=lambda: {
            "backend_uuid": "b-1",
            "context_uuid": "c-1",
            "read_write_token": "t-1",
            "thread_url_slug": "hello-abc",
            "thread_title": "Hello",
            "display_model": "claude46sonnet",
        }
    )

    @property
    def answer(self) -> str:
        """The text as a whole."""
        return "".join(self.chunks)


def step(kind: str, uuid: str, **content: Any) -> Document:
    """A step as the pages get it."""
    return {"uuid": uuid, "step_type": kind, f"{kind.lower()}_content": content}


def result(number: int) -> Document:
    """What a search has found."""
    return {"name": f"Title {number}", "url": f"https://example.org/{number}", "snippet": f"snippet {number}"}


def events(state: State, random: Random, modes: tuple[str, ...] = MODES) -> list[Document]:
    """The documents of a stream; the last is the final one."""
    told = [*_plan(state, random), *_text(state, random, modes)]
    if state.results:
        _put(told, random, _results(state.results))
    old = [event for event in told if event["blocks"][0]["intended_usage"] in PLAN_USAGES]
    told += random.sample(old, random.randrange(min(len(old), 2) + 1))  # nothing new
    for name, value in state.ids.items():  # some come with each event, some late
        first = random.randrange(len(told) + 1)
        for event in told[first:]:
            event[name] = value
    head = {"status": "PENDING", "text_completed": False, "final": False, "final_sse_message": False}
    return [*({**head, **event} for event in told), final(state, [mirror(state)])]


def final(state: State, blocks: list[Document]) -> Document:
    """The last event of a stream that has ended well."""
    end = {"status": "COMPLETED", "text_completed": True, "final": True, "final_sse_message": True}
    return {**state.ids, **end, "blocks": blocks}


def mirror(state: State) -> Document:
    """The answer as a whole, as it comes at the end."""
    block = {"progress": "DONE", "chunks": list(state.chunks), "chunk_starting_offset": 0, "answer": state.answer}
    return {"intended_usage": MARKDOWN, "markdown_block": block}


def failed(code: str, words: str) -> Document:
    """An event that says that there will be no answer."""
    return {"status": "FAILED", "error_code": code, "text": words, "final": True, "final_sse_message": True}


def frame(document: Any, name: str = "message") -> bytes:
    """One event as it stands in the body."""
    return b"event: " + name.encode() + b"\r\ndata: " + orjson.dumps(document) + b"\r\n\r\n"


def frames(documents: Iterable[Document], ended: bool = True) -> bytes:
    """The body of a stream."""
    return b"".join(map(frame, documents)) + (frame({}, "end_of_stream") if ended else b"")


# -- text


def patched(path: str, value: Any, op: str = "replace", *, data: str = "markdown_block") -> Document:
    """A block with one patch."""
    usage = MARKDOWN if data == "markdown_block" else "plan"
    patches = [{"op": op, "path": path, "value": value}]
    return {"intended_usage": usage, "diff_block": {"field": data, "patches": patches}}


def _text(state: State, random: Random, modes: tuple[str, ...]) -> Iterator[Document]:
    """The text's events. What a reader cannot put in order, because it has only seen the text as a whole, comes in
    order."""
    ways = [mode for mode in modes if mode in WAYS]
    chunks, at, counted = state.chunks, 0, True
    said: list[Document] = []
    end = random.randrange(len(chunks) + 1) if "mirror" in modes and random.random() < 0.3 else len(chunks)
    while ways and at < end:  # what is left comes at the end
        mode = random.choice(ways)
        upto = min(end, at + random.randrange(1, 4))
        blocks = list(WAYS[mode](chunks, at, upto, random))
        if mode == "C":
            if counted:
                random.shuffle(blocks)
        elif mode != "B":
            counted = False
        else:
            counted = counted or not (blocks[0]["diff_block"]["patches"][0]["value"]["chunk_starting_offset"])
        said += blocks
        if random.random() < 0.3:
            blocks.append(random.choice(said))  # once more
        if random.random() < 0.2:
            blocks.append({"intended_usage": "ask_text", "markdown_block": {"answer": "".join(chunks[:upto])}})
        yield from _grouped(blocks, random)
        at = upto


def _grouped(blocks: list[Document], random: Random) -> Iterator[Document]:
    """Blocks as events: each its own, or all in one."""
    if random.random() < 0.5:
        yield {"blocks": blocks}
    else:
        yield from ({"blocks": [block]} for block in blocks)


def _cumulative(chunks: tuple[str, ...], at: int, upto: int, random: Random) -> Iterator[Document]:
    yield patched("", {"progress": "IN_PROGRESS", "answer": "".join(chunks[:upto])})


def _lists(chunks: tuple[str, ...], at: int, upto: int, random: Random) -> Iterator[Document]:
    since = random.choice((0, at))
    offset = since or random.choice((0, None))
    value = {"progress": "IN_PROGRESS", "chunks": chunks[since:upto], "chunk_starting_offset": offset, "answer": None}
    yield patched("", value)


def _single(chunks: tuple[str, ...], at: int, upto: int, random: Random) -> Iterator[Document]:
    for number in range(at, upto):
        yield patched(f"/chunks/{number}", chunks[number], random.choice(("add", "replace")))


def _by_name(chunks: tuple[str, ...], at: int, upto: int, random: Random) -> Iterator[Document]:
    text = "".join(chunks[:upto])
    yield random.choice((patched("/markdown_block", {"answer": text}), patched("/markdown_block/answer", text)))


WAYS = {"A": _cumulative, "B": _lists, "C": _single, "D": _by_name}


# -- what precedes it


def _results(results: tuple[Document, ...]) -> Document:
    block = {"progress": "DONE", "web_results": list(results)}
    return {"blocks": [{"intended_usage": "web_results", "web_result_block": block}]}


def _put(told: list[Document], random: Random, event: Document) -> None:
    told.insert(random.randrange(len(told) + 1), event)


def _plan(state: State, random: Random) -> Iterator[Document]:
    """Goals as they grow, each with its steps behind it; a step may come without its content first."""
    for number, goal in enumerate(state.goals):
        ends = sorted({random.randrange(1, len(goal.text) + 1), len(goal.text)})
        for end in ends:
            yield {"blocks": [_goals(state, number, goal.text[:end], random)]}
        for nth, taken in enumerate(goal.steps):
            if random.random() < 0.4:
                bare = {"uuid": taken["uuid"], "step_type": taken["step_type"]}
                yield {"blocks": [_steps(state, number, [*goal.steps[:nth], bare], random)]}
            yield {"blocks": [_steps(state, number, list(goal.steps[: nth + 1]), random)]}


def _goal(number: int, text: str, final: bool) -> Document:
    return {"id": str(number), "description": text, "final": final}


def _goals(state: State, number: int, text: str, random: Random) -> Document:
    """A goal so far: with those before it, alone, or as a patch of what is known."""
    before = [_goal(nth, goal.text, True) for nth, goal in enumerate(state.goals[:number])]
    goal = _goal(number, text, text == state.goals[number].text)
    ways = (
        {
            "intended_usage": random.choice(PLAN_USAGES),
            "plan_block": {"progress": "IN_PROGRESS", "goals": [*before, goal], "steps": []},
        },
        patched("", {"goals": [*before, goal]}, data="plan_block"),
        patched(f"/goals/{number}", goal, "add", data="plan_block"),
        patched(f"/goals/{number}/description", text, data="plan_block"),
    )
    return random.choice(ways)


def _steps(state: State, number: int, steps: list[Document], random: Random) -> Document:
    before = [taken for goal in state.goals[:number] for taken in goal.steps]
    ways = (
        {"intended_usage": "pro_search_steps", "plan_block": {"steps": [*before, *steps]}},
        {"intended_usage": "pro_search_steps", "plan_block": {"steps": steps[-1:]}},
        patched(f"/steps/{len(before) + len(steps) - 1}", steps[-1], "add", data="plan_block"),
        patched("/steps", [*before, *steps], data="plan_block"),
    )
    return random.choice(ways)
