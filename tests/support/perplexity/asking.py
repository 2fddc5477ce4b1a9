"""The one call that answers questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.support.perplexity import answers, frames, payload
from tests.support.perplexity.encodings import Document, failed, frame
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
    events = [frame(each) for each in documents(thread, entry, made, asked)]
    if warm and not {"CUT", "RESET", *BREAKS} & set(asked):
        thread.entries.append(entry)
        entry.story = made
        if not thread.incognito:
            library.keep(thread)
    return _steps(events, asked)


def documents(thread: Thread, entry: Entry, made: Story, asked: Mapping[str, str]) -> list[Document]:
    """All events of a stream, in the way that is asked for."""
    mode = asked.get("MODE", "MIX")
    seed = f"{asked.get('SEED', '')} {entry.query}"
    told = list(frames.documents(thread.ids(entry), made, "" if mode == "MIX" else mode, seed))
    broken = next((name for name in BREAKS if name in asked), None)
    return told if broken is None else [*told[: len(told) // 2], BREAKS[broken]]


BREAKS: dict[str, Document] = {
    "ERROR_EVENT": failed("MODEL_OVERLOADED", "The model is overloaded."),
    "DETAIL": {"detail": "The answer was lost on the way."},
}
"""What comes in place of the second half."""


def _steps(events: list[bytes], asked: Mapping[str, str]) -> Iterable[Step]:
    steps: list[Step] = [Send(head(200, [SSE, (b"Transfer-Encoding", b"chunked")]))]
    cut = next((int(asked[name]) for name in ("CUT", "RESET") if name in asked), None)
    for each in events if cut is None else events[:-1][:cut]:  # the last one would be an end
        steps += [Send(chunk(each)), Wait(int(asked["PACE"]) / 1000)] if "PACE" in asked else [Send(chunk(each))]
    if "RESET" in asked:
        return [*steps, Wait(0.1), Reset()]
    if "CUT" in asked:
        return [*steps, Send(chunk(b"")), Close()]
    return [*steps, Send(chunk(frame({}, "end_of_stream"))), Send(chunk(b""))]


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
