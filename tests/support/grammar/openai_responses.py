"""What a stream and a body of OpenAI's Responses API must look like. It stands alone and knows nothing of ccproxy.

Sources: platform.openai.com/docs/api-reference/responses and …/responses-streaming; the types of the official Python
SDK (required fields, literals) and its accumulator, which finds items by place and parts by index, demands
`response.created` first and refuses two items with one identity; Codex, whose history is what was done, in that order.
"""

from __future__ import annotations

import json
import re
from typing import Any

type Fields = dict[str, type | tuple[type, ...]]

OPTIONAL_TEXT = (str, type(None))
RESPONSE: Fields = {
    "id": str, "object": str, "created_at": (int, float), "status": str, "model": str, "output": list, "tools": list,
    "tool_choice": (str, dict), "parallel_tool_calls": bool, "error": (dict, type(None)),
    "incomplete_details": (dict, type(None)), "instructions": (str, list, type(None)), "metadata": (dict, type(None)),
    "temperature": (int, float, type(None)), "top_p": (int, float, type(None)), "usage": (dict, type(None)),
}  # fmt: skip
USAGE: Fields = {
    "input_tokens": int, "input_tokens_details": dict, "output_tokens": int, "output_tokens_details": dict,
    "total_tokens": int,
}  # fmt: skip
STATUSES = {"completed", "incomplete", "failed"}
INCOMPLETE = {"max_output_tokens", "max_messages", "content_filter", "steered"}
ERROR_CODES = re.compile(r"[a-z][a-z0-9_]*")
ITEMS: dict[str, Fields] = {
    "message": {"id": str, "role": str, "status": str, "content": list},
    "reasoning": {"id": str, "summary": list},
    "function_call": {"id": str, "call_id": str, "name": str, "arguments": str, "status": str},
    "custom_tool_call": {"id": str, "call_id": str, "name": str, "input": str},
    "local_shell_call": {"id": str, "call_id": str, "action": dict, "status": str},
    "web_search_call": {"id": str, "status": str, "action": dict},
    "file_search_call": {"id": str, "status": str, "queries": list},
    "code_interpreter_call": {"id": str, "status": str, "container_id": str},
    "image_generation_call": {"id": str, "status": str, "result": OPTIONAL_TEXT},
    "mcp_call": {"id": str, "name": str, "arguments": str, "server_label": str},
}
RUNNING = {"in_progress", "searching", "generating", "interpreting", "calling"}
ITEM_STATUSES = {"completed", "incomplete", "failed"} | RUNNING
LATER = {"action", "queries", "container_id", "result"}
"""Fields that an item need not have when it opens."""
ACTIONS: dict[str, Fields] = {
    "search": {}, "open_page": {}, "find_in_page": {"pattern": str}, "find": {}, "exec": {"command": list, "env": dict},
}  # fmt: skip
PARTS: dict[str, Fields] = {
    "output_text": {"text": str, "annotations": list},
    "refusal": {"refusal": str},
    "reasoning_text": {"text": str},
    "summary_text": {"text": str},
}
ANNOTATIONS: dict[str, Fields] = {
    "url_citation": {"url": str, "title": str, "start_index": int, "end_index": int},
    "file_citation": {"file_id": str, "filename": str, "index": int},
    "container_file_citation": {
        "container_id": str, "file_id": str, "filename": str, "start_index": int, "end_index": int,
    },
    "file_path": {"file_id": str, "index": int},
}  # fmt: skip
PART_EVENTS = {
    # event: (event that announces the part, field of its number, field of the whole text in `.done`)
    "response.output_text": ("response.content_part", "content_index", "text"),
    "response.refusal": ("response.content_part", "content_index", "refusal"),
    "response.reasoning_text": ("response.content_part", "content_index", "text"),
    "response.reasoning_summary_text": ("response.reasoning_summary_part", "summary_index", "text"),
}
ITEM_EVENTS = {
    "response.function_call_arguments": ("function_call", "arguments"),
    "response.custom_tool_call_input": ("custom_tool_call", "input"),
    "response.code_interpreter_call_code": ("code_interpreter_call", "code"),
    "response.mcp_call_arguments": ("mcp_call", "arguments"),
}
TERMINAL = {f"response.{status}" for status in STATUSES}


def frames(text: str) -> list[tuple[str, str]]:
    """Names and data of a stream's events (WHATWG HTML §9.2.6)."""
    found = []
    for block in re.split(r"\r\n\r\n|\n\n|\r\r", text):
        lines = [line.partition(":") for line in re.split(r"\r\n|\n|\r", block) if line and line[0] != ":"]
        data = [value.removeprefix(" ") for name, _, value in lines if name == "data"]
        names = [value.strip() for name, _, value in lines if name == "event"]
        if data:
            found.append((names[-1] if names else "", "\n".join(data)))
    return found


def check_body(document: Any) -> list[str]:
    """What is wrong with a whole response."""
    if not isinstance(document, dict):
        return ["the body is not an object"]
    wrong = _response(document, "body")
    if document.get("status") not in STATUSES:
        wrong.append(f"body: status {document.get('status')!r}")
    return wrong + _ended(document, "body")


def check_stream(text: str) -> list[str]:
    """What is wrong with a stream: nothing for a whole one and for one that ends in an error as it should."""
    checker = _Stream()
    if text and not text.endswith("\n\n"):
        checker.wrong.append("the last event has no end")
    for name, data in frames(text):
        checker.event(name, data)
    if checker.ended is None:
        checker.wrong.append("no event ends the response")
    return checker.wrong


def _missing(value: Any, fields: Fields, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where}: not an object"]
    wrong = [f"{where}.{name}: missing" for name in fields if name not in value]
    for name, kind in fields.items():
        bad = isinstance(value.get(name), bool) and bool not in (kind if isinstance(kind, tuple) else (kind,))
        if name in value and (bad or not isinstance(value[name], kind)):
            wrong.append(f"{where}.{name}: {value[name]!r}"[:120])
    return wrong


def _response(document: Any, where: str) -> list[str]:
    wrong = _missing(document, RESPONSE, where)
    if wrong:
        return wrong
    for name in ("id", "model"):
        if not document[name]:
            wrong.append(f"{where}.{name}: empty")
    if document["object"] != "response":
        wrong.append(f"{where}.object: {document['object']!r}")
    for number, tool in enumerate(document["tools"]):
        if not isinstance(tool, dict) or not isinstance(tool.get("type"), str):
            wrong.append(f"{where}.tools[{number}]: no type")
    return wrong


def _ended(document: dict[str, Any], where: str) -> list[str]:
    status, details, error = (document.get(name) for name in ("status", "incomplete_details", "error"))
    wrong: list[str] = []
    if (status == "incomplete") != isinstance(details, dict):
        wrong.append(f"{where}: {status} with incomplete_details {details!r}")
    elif status == "incomplete" and details.get("reason") not in INCOMPLETE:
        wrong.append(f"{where}.incomplete_details.reason: {details.get('reason')!r}")
    if (status == "failed") != isinstance(error, dict):
        wrong.append(f"{where}: {status} with error {error!r}")
    elif isinstance(error, dict):
        wrong += _missing(error, {"code": str, "message": str}, f"{where}.error")
        if not ERROR_CODES.fullmatch(str(error.get("code"))):
            wrong.append(f"{where}.error.code: {error.get('code')!r}")
    if status != "failed":
        wrong += _usage(document.get("usage"), f"{where}.usage")
    output = document.get("output")
    return wrong + _output(output if isinstance(output, list) else [], where)


def _usage(usage: Any, where: str) -> list[str]:
    wrong = _missing(usage, USAGE, where)
    if wrong:
        return wrong
    if usage["total_tokens"] != usage["input_tokens"] + usage["output_tokens"]:
        wrong.append(f"{where}.total_tokens is not the sum")
    wrong += _missing(usage["input_tokens_details"], {"cached_tokens": int}, f"{where}.input_tokens_details")
    wrong += _missing(usage["output_tokens_details"], {"reasoning_tokens": int}, f"{where}.output_tokens_details")
    if usage["input_tokens_details"].get("cached_tokens", 0) > usage["input_tokens"]:
        wrong.append(f"{where}: more tokens cached than read")
    if usage["output_tokens_details"].get("reasoning_tokens", 0) > usage["output_tokens"]:
        wrong.append(f"{where}: more tokens of reasoning than of output")
    return wrong


def _output(items: list[Any], where: str) -> list[str]:
    wrong: list[str] = []
    ids, calls = set[str](), set[str]()
    for number, item in enumerate(items):
        at = f"{where}.output[{number}]"
        wrong += _item(item, at)
        if not isinstance(item, dict):
            continue
        for name, known in (("id", ids), ("call_id", calls)):
            value = item.get(name)
            if isinstance(value, str) and (name == "id" or str(item.get("type")).endswith("_call")):
                wrong += [f"{at}.{name}: twice"] if value in known else []
                known.add(value)
    return wrong


def _item(item: Any, where: str, done: bool = True) -> list[str]:
    kind = item.get("type") if isinstance(item, dict) else None
    if not isinstance(kind, str):
        return [f"{where}: no type"]
    fields = ITEMS.get(kind, {"id": str})
    wrong = _missing(item, fields if done else {name: fields[name] for name in fields if name not in LATER}, where)
    if wrong:
        return wrong
    wrong += [f"{where}.{name}: empty" for name in ("id", "call_id", "name") if item.get(name) == ""]
    status = item.get("status", "completed")
    if status not in ITEM_STATUSES or (done and status in RUNNING):
        wrong.append(f"{where}.status: {status!r}")
    if kind in ITEM_CHECKS:
        wrong += ITEM_CHECKS[kind](item, where, done)
    return wrong


def _message(item: dict[str, Any], where: str, done: bool) -> list[str]:
    wrong = [] if item["role"] == "assistant" else [f"{where}.role: {item['role']!r}"]
    for number, part in enumerate(item["content"]):
        wrong += _part(part, f"{where}.content[{number}]", ("output_text", "refusal"))
    return wrong if item["content"] or not done else [*wrong, f"{where}: a message without parts"]


def _reasoning(item: dict[str, Any], where: str, done: bool) -> list[str]:
    wrong: list[str] = []
    for number, part in enumerate(item["summary"]):
        wrong += _part(part, f"{where}.summary[{number}]", ("summary_text",))
    for number, part in enumerate(item.get("content") or []):
        wrong += _part(part, f"{where}.content[{number}]", ("reasoning_text",))
    if not isinstance(item.get("encrypted_content"), OPTIONAL_TEXT):
        wrong.append(f"{where}.encrypted_content: not a string")
    return wrong


def _function_call(item: dict[str, Any], where: str, done: bool) -> list[str]:
    return [f"{where}.arguments: empty"] if done and not item["arguments"] else []


def _action(item: dict[str, Any], where: str, done: bool) -> list[str]:
    if not done and "action" not in item:
        return []
    kind = item["action"].get("type")
    if kind not in ACTIONS:
        return [f"{where}.action.type: {kind!r}"]
    return _missing(item["action"], ACTIONS[kind], f"{where}.action")


ITEM_CHECKS = {
    "message": _message,
    "reasoning": _reasoning,
    "function_call": _function_call,
    "web_search_call": _action,
    "local_shell_call": _action,
}


def _part(part: Any, where: str, kinds: tuple[str, ...]) -> list[str]:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind not in kinds:
        return [f"{where}: a part of type {kind!r}"]
    wrong = _missing(part, PARTS[str(kind)], where)
    for number, annotation in enumerate(part.get("annotations") or []):
        wrong += _annotation(annotation, f"{where}.annotations[{number}]")
    for number, token in enumerate(part.get("logprobs") or []):
        fields: Fields = {"token": str, "logprob": (int, float), "bytes": list, "top_logprobs": list}
        wrong += _missing(token, fields, f"{where}.logprobs[{number}]")
    return wrong


def _annotation(annotation: Any, where: str) -> list[str]:
    kind = annotation.get("type") if isinstance(annotation, dict) else None
    if kind not in ANNOTATIONS:
        return [f"{where}: an annotation of type {kind!r}"]
    return _missing(annotation, ANNOTATIONS[str(kind)], where)


class _Item:
    def __init__(self, item: dict[str, Any]) -> None:
        self.item = item
        self.parts: dict[tuple[str, int], Any] = {}
        self.open: set[tuple[str, int]] = set()
        self.texts: dict[tuple[str, int], str] = {}
        self.told: dict[tuple[str, int], str] = {}
        self.annotations: dict[int, list[Any]] = {}
        self.done = False


class _Stream:
    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.number = 0
        self.id: Any = None
        self.items: list[_Item] = []
        self.done: list[dict[str, Any]] = []
        self.ended: str | None = None
        self.begun: set[str] = set()
        self.failed = False

    def say(self, text: str) -> None:
        self.wrong.append(f"event {self.number}: {text}")

    def event(self, name: str, data: str) -> None:
        try:
            event = json.loads(data)
        except ValueError:
            return self.say(f"not JSON: {data[:60]!r}")
        if not isinstance(event, dict):
            return self.say("not an object")
        kind = event.get("type")
        if kind != name:
            self.say(f"named {name!r}, of type {kind!r}")
        if event.get("sequence_number") != self.number:
            self.say(f"sequence_number {event.get('sequence_number')!r}")
        if self.ended is not None:
            self.say(f"{kind} after {self.ended}")
        if (self.number == 0) != (kind == "response.created"):
            self.say(f"{kind} in this place")
        if self.failed and kind != "response.failed":
            self.say(f"{kind} after an error")
        self._dispatch(str(kind), event)
        self.number += 1
        return None

    def _dispatch(self, kind: str, event: dict[str, Any]) -> None:
        stem, _, last = kind.rpartition(".")
        if kind in ("response.created", "response.queued", "response.in_progress") or kind in TERMINAL:
            self._lifecycle(kind, event)
        elif kind == "error":
            self.failed = True
            self.wrong += _missing(event, {"message": str, "code": OPTIONAL_TEXT, "param": OPTIONAL_TEXT}, "error")
        elif kind == "response.output_item.added":
            self._added(event)
        elif kind == "response.output_item.done":
            self._item_done(event)
        elif stem in ("response.content_part", "response.reasoning_summary_part"):
            self._part(stem, last, event)
        elif kind == "response.output_text.annotation.added":
            self._annotated(event)
        elif stem in PART_EVENTS:
            self._words(stem, last, event)
        elif stem in ITEM_EVENTS:
            self._arguments(stem, last, event)
        elif stem.removeprefix("response.") in ("mcp_list_tools", *ITEMS):
            self._item_of(event, kind)
        else:
            self.say(f"an event of type {kind!r}")

    def _lifecycle(self, kind: str, event: dict[str, Any]) -> None:
        response = event.get("response")
        wrong = _response(response, kind)
        self.wrong += wrong
        if wrong or not isinstance(response, dict):
            self.ended = kind if kind in TERMINAL else self.ended
            return
        if self.id is not None and response["id"] != self.id:
            self.say("the response has another id")
        self.id = response["id"]
        if kind in TERMINAL:
            self._end(kind, response)
            return
        if kind in self.begun or self.items:
            self.say(f"{kind} again, or late")
        self.begun.add(kind)
        if response["status"] not in ("queued", "in_progress") or response["output"]:
            self.say(f"{kind} with status {response['status']!r} and {len(response['output'])} items")

    def _end(self, kind: str, response: dict[str, Any]) -> None:
        self.ended = kind
        if f"response.{response['status']}" != kind:
            self.say(f"{kind} with status {response['status']!r}")
        self.wrong += _ended(response, kind)
        if response["output"] != self.done:
            self.say(f"{kind}: the output is not what was done")
        if kind != "response.failed":
            for place, state in enumerate(self.items):
                if not state.done:
                    self.say(f"item {place} is never done")

    def _added(self, event: dict[str, Any]) -> None:
        item = event.get("item")
        wrong = _item(item, "added item", done=False)
        self.wrong += wrong
        if not isinstance(item, dict):
            return
        if event.get("output_index") != len(self.items):
            self.say(f"output_index {event.get('output_index')!r}, expected {len(self.items)}")
        if any(state.item.get("id") == item.get("id") for state in self.items):
            self.say(f"a second item with the id {item.get('id')!r}")
        if item.get("content") or item.get("summary"):
            self.say("an item that is not empty when it opens")
        self.items.append(_Item(item))

    def _item_of(self, event: dict[str, Any], kind: str) -> _Item | None:
        place = event.get("output_index")
        if not isinstance(place, int) or not 0 <= place < len(self.items):
            self.say(f"{kind} of the unknown item {place!r}")
            return None
        state = self.items[place]
        if "item" not in event and event.get("item_id") != state.item.get("id"):
            self.say(f"{kind} of item {event.get('item_id')!r}, which is not {state.item.get('id')!r}")
        if state.done:
            self.say(f"{kind} of an item that is done")
        return state

    def _item_done(self, event: dict[str, Any]) -> None:
        item, state = event.get("item"), self._item_of(event, "output_item.done")
        self.wrong += _item(item, "done item")
        if state is None or not isinstance(item, dict):
            return
        if event["output_index"] != len(self.done):
            self.say(f"item {event['output_index']} is done when {len(self.done)} are")
        for name in ("id", "type", "call_id", "name", "namespace"):
            if state.item.get(name) != item.get(name):
                self.say(f"{name} of the item has changed from {state.item.get(name)!r} to {item.get(name)!r}")
        for key in state.open:
            self.say(f"part {key} is never done")
        for key, text in state.texts.items():
            if state.told.get(key) != text:
                self.say(f"the text of {key} is never told as a whole")
        self._compare(state, item)
        state.done = True
        self.done.append(item)

    def _compare(self, state: _Item, item: dict[str, Any]) -> None:
        for stem, (kind, field) in ITEM_EVENTS.items():
            key = (stem, 0)
            if item.get("type") == kind and kind != "mcp_call" and (item.get(field) or "") != state.told.get(key, ""):
                self.say(f"{field} of the item are not those of its events")
        for stem, field in (("response.content_part", "content"), ("response.reasoning_summary_part", "summary")):
            parts = [part for (name, _), part in sorted(state.parts.items(), key=lambda pair: pair[0]) if name == stem]
            if parts != (item.get(field) or []):
                self.say(f"{field} of the item are not its parts")

    def _part(self, stem: str, last: str, event: dict[str, Any]) -> None:
        state = self._item_of(event, stem)
        number = event.get("content_index" if stem.endswith("content_part") else "summary_index")
        reasons = state is not None and state.item.get("type") == "reasoning"
        content = ("reasoning_text",) if reasons else ("output_text", "refusal")
        kinds = content if stem.endswith("content_part") else ("summary_text",)
        self.wrong += _part(event.get("part"), f"{stem}.{last}", kinds)
        if state is None or not isinstance(number, int):
            return self.say(f"{stem}.{last} without a number")
        key = stem, number
        if last == "added":
            if number != sum(name == stem for name, _ in state.parts):
                self.say(f"part {number} out of turn")
            state.open.add(key)
        elif key not in state.open:
            self.say(f"{stem}.done of part {number}, which is not open")
        else:
            state.open.discard(key)
            self._whole_part(state, number, event["part"])
        state.parts[key] = event.get("part")
        return None

    def _whole_part(self, state: _Item, number: int, part: dict[str, Any]) -> None:
        words = part.get("refusal" if part.get("type") == "refusal" else "text")
        told = [text for (stem, at), text in state.told.items() if at == number and _says(stem, part)]
        if told != [words]:
            self.say(f"part {number} holds {words!r}, told was {told!r}"[:160])
        if part.get("type") == "output_text" and part.get("annotations") != state.annotations.get(number, []):
            self.say(f"annotations of part {number} are not those of its events")

    def _annotated(self, event: dict[str, Any]) -> None:
        state, number = self._item_of(event, "annotation"), event.get("content_index")
        self.wrong += _annotation(event.get("annotation"), "annotation")
        if state is None or not isinstance(number, int) or ("response.content_part", number) not in state.open:
            return self.say(f"an annotation of part {number!r}, which is not open")
        known = state.annotations.setdefault(number, [])
        if event.get("annotation_index") != len(known):
            self.say(f"annotation_index {event.get('annotation_index')!r}")
        known.append(event.get("annotation"))
        return None

    def _words(self, stem: str, last: str, event: dict[str, Any]) -> None:
        part, index, field = PART_EVENTS[stem]
        state, number = self._item_of(event, stem), event.get(index)
        if stem == "response.output_text" and not isinstance(event.get("logprobs"), list):
            self.say(f"{stem}.{last} without logprobs")
        if state is None or not isinstance(number, int) or (part, number) not in state.open:
            return self.say(f"{stem}.{last} of part {number!r}, which is not open")
        if not _says(stem, state.parts[part, number]):
            self.say(f"{stem}.{last} of a part of type {state.parts[part, number].get('type')!r}")
        return self._told(state, (stem, number), last, event, field)

    def _arguments(self, stem: str, last: str, event: dict[str, Any]) -> None:
        kind, field = ITEM_EVENTS[stem]
        state = self._item_of(event, stem)
        if state is not None and state.item.get("type") != kind:
            self.say(f"{stem}.{last} of a {state.item.get('type')}")
        if state is not None:
            self._told(state, (stem, 0), last, event, field)

    def _told(self, state: _Item, key: tuple[str, int], last: str, event: dict[str, Any], field: str) -> None:
        if key in state.told:
            self.say(f"{key[0]}.{last} after its .done")
        value = event.get("delta" if last == "delta" else field)
        if not isinstance(value, str):
            return self.say(f"{key[0]}.{last}: {value!r}")
        if last == "delta":
            state.texts[key] = state.texts.get(key, "") + value
            return None
        if value != state.texts.get(key, ""):
            self.say(f"{key[0]}.done is not the sum of its deltas")
        state.told[key] = value
        return None


def _says(stem: str, part: dict[str, Any]) -> bool:
    return stem == {
        "output_text": "response.output_text",
        "refusal": "response.refusal",
        "reasoning_text": "response.reasoning_text",
        "summary_text": "response.reasoning_summary_text",
    }.get(str(part.get("type")))
