"""The one call that answers questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.support.perplexity import answers, payload
from tests.support.perplexity.frames import event, told
from tests.support.perplexity.story import Story, orders, story
from tests.support.perplexity.threads import Entry, Library, Thread
from tests.support.replies import SSE, chunk, head
from tests.support.upstream import Close, Reset, Send, Step, Wait

HTTP_ERRORS: dict[int, answers.Refused] = {
    401: answers.refusal(401, "Not authenticated"),
    403: answers.challenge("ordered"),
    429: answers.error(429, "RATE_LIMITED", "You have used up your searches.", (b"Retry-After", b"7")),
}
"""What other statuses than these say is made up."""


def thread_of(library: Library, params: Mapping[str, Any], query: str) -> Thread:
    """The thread that a question belongs to. Raises Refused."""
    if params["query_source"] != "followup":
        return library.begin(query, incognito=params["is_incognito"])
    thread = library.find(params["last_backend_uuid"])
    if thread is None:
        raise answers.error(404, "ENTRY_NOT_FOUND", "There is no such entry.")
    last = thread.entries[-1]
    if params["last_backend_uuid"] != last.backend_uuid or params["read_write_token"] != last.write_token:
        raise answers.error(403, "NOT_THE_LAST_ENTRY", "The thread goes on after its last entry, with its token.")
    if params["frontend_context_uuid"] != thread.context_uuid:
        raise answers.error(400, "CONTEXT_MISMATCH", "The context is not the thread's.")
    return thread


def answered(library: Library, question: dict[str, Any], *, warm: bool) -> Iterable[Step]:
    """The stream. A question that was not asked for a page before is answered with nothing. Raises Refused."""
    params, query = question["params"], question["query_str"]
    asked = orders(query)
    if status := int(asked.get("ERROR", 0)):
        raise HTTP_ERRORS.get(status) or answers.error(status, "ORDERED", f"As ordered: {status}.")
    thread = thread_of(library, params, query)
    entry = Entry(query, params["model_preference"], list(params["attachments"]))
    made = story(query, len(thread.entries) + 1, len(params["attachments"])) if warm else Story()
    events = [event(each) for each in documents(thread, entry, made, asked)]
    if not {"CUT", "RESET", "ERROR_EVENT", "DETAIL"} & set(asked) and warm:
        thread.entries.append(entry)
        entry.story = made
        if not thread.incognito:
            library.keep(thread)
    return _steps(events, asked)


def documents(thread: Thread, entry: Entry, made: Story, asked: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    """All events of a stream; slug and token come with the last ones only."""
    early = {name: thread.ids(entry)[name] for name in ("backend_uuid", "context_uuid", "display_model")}
    every = early | {"status": "PENDING", "final": False, "final_sse_message": False, "text_completed": False}
    yield every | {"blocks": []}
    bodies = list(told(made, asked.get("MODE", "B")))
    for blocks in bodies[: len(bodies) // 2] if BROKEN & set(asked) else bodies:
        yield every | {"blocks": blocks}
    if broken := next((name for name in sorted(BROKEN) if name in asked), None):
        yield every | BREAKS[broken]()
        return
    entry.story = made
    yield every | thread.ids(entry) | {"blocks": entry.blocks(), "final": True}  # "final" alone is no end
    over = {"status": "COMPLETED", "final": True, "final_sse_message": True, "text_completed": True}
    yield thread.ids(entry) | over | {"blocks": entry.blocks()}


BREAKS: dict[str, Callable[[], dict[str, Any]]] = {
    "ERROR_EVENT": lambda: {
        "status": "FAILED",
        "error_code": "MODEL_OVERLOADED",
        "error_message": "The model is overloaded.",
        "final": True,
        "final_sse_message": True,
        "blocks": [],
    },
    "DETAIL": lambda: {"detail": "The answer was lost on the way."},
}
BROKEN = set(BREAKS)


def _steps(events: list[bytes], asked: Mapping[str, str]) -> Iterable[Step]:
    steps: list[Step] = [Send(head(200, [SSE, (b"Transfer-Encoding", b"chunked")]))]
    cut = next((int(asked[name]) for name in ("CUT", "RESET") if name in asked), None)
    for each in events[:cut]:
        steps += [Send(chunk(each)), Wait(int(asked["PACE"]) / 1000)] if "PACE" in asked else [Send(chunk(each))]
    if "RESET" in asked:
        return [*steps, Wait(0.1), Reset()]
    if "CUT" in asked:
        return [*steps, Send(chunk(b"")), Close()]
    return [*steps, Send(chunk(event({}, "end_of_stream"))), Send(chunk(b""))]


def checked(question: Any, uploaded: Mapping[str, Any]) -> dict[str, Any]:
    """A question as it has to be. Raises Refused."""
    wrong = payload.faults(question)
    if wrong:
        raise answers.refusal(400, wrong)
    unknown = [url for url in question["params"]["attachments"] if url not in uploaded]
    if unknown:
        raise answers.refusal(400, f"attachments that nobody has uploaded: {unknown}")
    checked_question: dict[str, Any] = question
    return checked_question
