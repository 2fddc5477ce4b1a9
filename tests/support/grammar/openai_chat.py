"""What OpenAI's API reference and SDKs demand of Chat Completions answers, as a list of what is wrong with one.

Sources: platform.openai.com/docs/api-reference/chat (object, streaming); the Python SDK's accumulator, which wants an
`index` in every list of a delta. Stands alone, so that it cannot share a mistake with what it checks.
"""

from __future__ import annotations

import json
from typing import Any

FINISH = {"stop", "length", "tool_calls", "content_filter", "function_call"}
TIERS = {"auto", "default", "flex", "scale", "priority", "fast"}
DELTA = {"role", "content", "reasoning_content", "refusal", "tool_calls", "annotations", "images"}
CHUNK = {"id", "object", "created", "model", "service_tier", "choices", "usage"}
BESIDE = {"metadata", "pplx_thread_url_slug"}
"""What a chunk with a finish reason may have more: clients of Perplexity look for it. OpenAI's SDK passes it on."""
ARGUMENTS = {"function": "arguments", "custom": "input"}


def check_stream(text: str) -> list[str]:
    """Everything that is wrong with a stream; it may end in an error."""
    checker = _Stream()
    for frame in _frames(text, checker.wrong):
        checker.frame(frame)
    checker.end()
    return checker.wrong


def check_body(document: Any) -> list[str]:
    """Everything that is wrong with a `chat.completion`."""
    wrong: list[str] = []
    if not isinstance(document, dict):
        return ["the body is no object"]
    _envelope(document, "chat.completion", wrong)
    choices = document.get("choices")
    if not isinstance(choices, list) or len(choices) != 1:
        return [*wrong, "there is not one choice"]
    choice = choices[0]
    _unknown(choice, {"index", "message", "logprobs", "finish_reason"}, "choice", wrong)
    if choice.get("index") != 0 or "logprobs" not in choice:
        wrong.append("choice without index 0 or logprobs")
    _logprobs(choice.get("logprobs"), wrong)
    message = choice.get("message")
    if not isinstance(message, dict):
        return [*wrong, "no message"]
    _message(message, wrong)
    _finish(choice.get("finish_reason"), bool(message.get("tool_calls")), wrong)
    _usage(document.get("usage"), wrong)
    return wrong


def check_error(document: Any) -> list[str]:
    """Everything that is wrong with an error body."""
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict) or set(document) != {"error"}:
        return ["no error object"]
    wrong: list[str] = []
    if set(error) != {"message", "type", "param", "code"}:
        wrong.append(f"members of the error: {sorted(error)}")
    if not isinstance(error.get("message"), str) or not isinstance(error.get("type"), str) or not error["type"]:
        wrong.append("error without message or type")
    if any(not isinstance(error.get(name), str | None) for name in ("param", "code")):
        wrong.append("param or code is no string")
    return wrong


class _Stream:
    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.last = ""  # the kind of the last frame: chunk, usage, done, error
        self.same: tuple[Any, ...] | None = None
        self.role = False
        self.finish: Any = None
        self.usage_promised = self.usage_came = False
        self.calls: list[dict[str, Any]] = []
        self.counted = {"annotations": 0, "images": 0}

    def frame(self, data: str) -> None:
        if self.last in ("done", "error"):
            self.wrong.append(f"data after the {self.last}")
        if data == "[DONE]":
            self.last = "done"
            return
        try:
            chunk = json.loads(data)
        except ValueError:
            self.wrong.append(f"no JSON: {data[:60]}")
            return
        if isinstance(chunk, dict) and "error" in chunk:
            self.wrong += check_error(chunk)
            self.last = "error"
        elif isinstance(chunk, dict):
            self.chunk(chunk)
        else:
            self.wrong.append("data is no object")

    def chunk(self, chunk: dict[str, Any]) -> None:
        _unknown(chunk, CHUNK | BESIDE if _finishes(chunk) else CHUNK, "chunk", self.wrong)
        _envelope(chunk, "chat.completion.chunk", self.wrong)
        same = tuple(chunk.get(name) for name in ("id", "created", "model", "service_tier"))
        if self.same not in (None, same):
            self.wrong.append("id, created, model or service_tier changed")
        self.same = same
        if self.last == "usage":
            self.wrong.append("a chunk after the usage")
        self.usage_promised |= "usage" in chunk
        if self.usage_promised and "usage" not in chunk:
            self.wrong.append("usage is missing where other chunks have null")
        choices = chunk.get("choices")
        if choices == []:
            self.last = "usage"
            self.usage_came = True
            if self.finish is None:
                self.wrong.append("usage before the finish reason")
            _usage(chunk.get("usage"), self.wrong)
        elif isinstance(choices, list) and len(choices) == 1 and chunk.get("usage") is None:
            self.last = "chunk"
            self.choice(choices[0])
        else:
            self.wrong.append("a chunk has one choice, or usage and none")

    def choice(self, choice: dict[str, Any]) -> None:
        _unknown(choice, {"index", "delta", "logprobs", "finish_reason"}, "choice", self.wrong)
        if choice.get("index") != 0 or not isinstance(choice.get("delta"), dict) or "finish_reason" not in choice:
            self.wrong.append("choice without index 0, delta or finish_reason")
            return
        if self.finish is not None:
            self.wrong.append("a choice after the finish reason")
        _logprobs(choice.get("logprobs"), self.wrong)
        self.delta(choice["delta"])
        self.finish = choice["finish_reason"]

    def delta(self, delta: dict[str, Any]) -> None:
        _unknown(delta, DELTA, "delta", self.wrong)
        if (delta.get("role") == "assistant") == self.role or ("role" in delta) == self.role:
            self.wrong.append("role belongs in the first delta and in no other")
        for name in ("content", "reasoning_content", "refusal"):
            if name in delta and (not isinstance(delta[name], str) or (self.role and not delta[name])):
                self.wrong.append(f"{name} is no text or empty")
        self.role = True
        for entry in _list(delta, "tool_calls", self.wrong):
            self.call(entry)
        for name, check in (("annotations", _annotation), ("images", _image)):
            for entry in _list(delta, name, self.wrong):
                if entry.get("index") != self.counted[name]:
                    self.wrong.append(f"index of {name}: {entry.get('index')}, not {self.counted[name]}")
                self.counted[name] += 1
                check({key: value for key, value in entry.items() if key != "index"}, self.wrong)

    def call(self, entry: dict[str, Any]) -> None:
        index = entry.get("index")
        if index == len(self.calls):
            kind = "custom" if entry.get("type") == "custom" else "function"
            first = {key: value for key, value in entry.items() if key != "index"}
            _call(first, self.wrong)
            self.calls.append(
                {"id": entry.get("id"), "kind": kind, "text": (entry.get(kind) or {}).get(ARGUMENTS[kind])}
            )
        elif isinstance(index, int) and 0 <= index < len(self.calls):
            call = self.calls[index]
            more = entry.get(call["kind"]) or {}
            name = ARGUMENTS[call["kind"]]
            if set(entry) != {"index", call["kind"]} or set(more) != {name} or not isinstance(more[name], str):
                self.wrong.append(f"a later delta of a call brings only its {name}")
            else:
                call["text"] += more[name]
        else:
            self.wrong.append(f"index {index!r} of a call, of which there are {len(self.calls)}")

    def end(self) -> None:
        if self.last not in ("done", "error"):
            self.wrong.append("neither [DONE] nor an error at the end")
        if self.last != "done":
            return
        if self.usage_promised and not self.usage_came:
            self.wrong.append("usage was promised and did not come")
        _finish(self.finish, bool(self.calls), self.wrong)
        _distinct([call["id"] for call in self.calls], self.wrong)
        if any(call["kind"] == "function" and not call["text"] for call in self.calls):
            self.wrong.append("a function's arguments are empty")


def _frames(text: str, wrong: list[str]) -> list[str]:
    if text and not text.endswith("\n\n"):
        wrong.append("the last frame has no end")
    frames = []
    for block in filter(None, text.split("\n\n")):
        lines = [line for line in block.split("\n") if not line.startswith(":")]
        if len(lines) > 1 or any(not line.startswith("data: ") for line in lines):
            wrong.append(f"a frame is not one line of data: {block[:60]}")
        frames += [line.removeprefix("data: ") for line in lines]
    return frames


def _envelope(document: dict[str, Any], kind: str, wrong: list[str]) -> None:
    if document.get("object") != kind:
        wrong.append(f"object {document.get('object')!r}")
    if not str(document.get("id") or "").startswith("chatcmpl-"):
        wrong.append(f"id {document.get('id')!r}")
    if not _count(document.get("created")) or not document["created"]:
        wrong.append("created is no time")
    if not isinstance(document.get("model"), str):
        wrong.append("model is no string")
    if "service_tier" in document and document["service_tier"] not in TIERS:
        wrong.append(f"service_tier {document['service_tier']!r}")


def _message(message: dict[str, Any], wrong: list[str]) -> None:
    _unknown(message, DELTA, "message", wrong)
    content, calls = message.get("content"), _list(message, "tool_calls", wrong)
    if message.get("role") != "assistant" or "content" not in message or "refusal" not in message:
        wrong.append("message without role, content or refusal")
    if not isinstance(content, str) and (content is not None or not (calls or message.get("refusal"))):
        wrong.append("content is no text")
    texts = ("refusal", "reasoning_content")
    wrong += [f"{name} is no text" for name in texts if not isinstance(message.get(name), str | None)]
    if "tool_calls" in message and not calls:
        wrong.append("tool_calls is empty")
    for call in calls:
        _call(call, wrong)
        if call.get("type") == "function" and not (call.get("function") or {}).get("arguments"):
            wrong.append("a function's arguments are empty")
    _distinct([call.get("id") for call in calls], wrong)
    for annotation in _list(message, "annotations", wrong):
        _annotation(annotation, wrong)
    for image in _list(message, "images", wrong):
        _image(image, wrong)


def _call(call: dict[str, Any], wrong: list[str]) -> None:
    kind = str(call.get("type"))
    body = call.get(kind) if kind in ARGUMENTS else None
    if not isinstance(body, dict) or set(call) - {"extra_content"} != {"id", "type", kind}:
        wrong.append(f"a call is not of its form: {sorted(call)}")
    elif set(body) != {"name", ARGUMENTS[kind]} or not body["name"] or not isinstance(body[ARGUMENTS[kind]], str):
        wrong.append(f"a {kind} without name or {ARGUMENTS[kind]}")
    if not isinstance(call.get("id"), str) or not call["id"]:
        wrong.append("a call without id")
    google = (call.get("extra_content") or {}).get("google", {"thought_signature": ""})
    if not isinstance(google.get("thought_signature"), str):
        wrong.append("extra_content without a signature")


def _annotation(annotation: dict[str, Any], wrong: list[str]) -> None:
    source = annotation.get("url_citation")
    if (
        set(annotation) != {"type", "url_citation"}
        or annotation["type"] != "url_citation"
        or not isinstance(source, dict)
    ):
        wrong.append("an annotation is no url_citation")
        return
    if set(source) != {"url", "title", "start_index", "end_index"} or not source["url"]:
        wrong.append(f"members of a url_citation: {sorted(source)}")
    elif not isinstance(source["url"], str) or not isinstance(source["title"], str):
        wrong.append("url or title is no string")
    elif not _count(source["start_index"]) or not _count(source["end_index"]):
        wrong.append("an index of a url_citation is no count")
    elif source["start_index"] > source["end_index"]:
        wrong.append("a url_citation ends before it starts")


def _image(image: dict[str, Any], wrong: list[str]) -> None:
    url = (image.get("image_url") or {}).get("url")
    if set(image) != {"type", "image_url"} or image["type"] != "image_url" or not isinstance(url, str) or not url:
        wrong.append("an image has no URL")


def _logprobs(logprobs: Any, wrong: list[str]) -> None:
    if logprobs is None:
        return
    if not isinstance(logprobs, dict) or set(logprobs) != {"content", "refusal"}:
        wrong.append("logprobs without content and refusal")
        return
    members = {"token", "logprob", "bytes", "top_logprobs"}
    wrong += [
        f"members of a token: {sorted(token)}" for token in logprobs["content"] or () if not members <= set(token)
    ]


def _usage(usage: Any, wrong: list[str]) -> None:
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    if not isinstance(usage, dict) or not all(_count(usage.get(name)) for name in names):
        wrong.append("usage without its three counts")
        return
    if usage["total_tokens"] != usage["prompt_tokens"] + usage["completion_tokens"]:
        wrong.append("total_tokens is not the sum")
    details = {name: usage.get(name) or {} for name in ("prompt_tokens_details", "completion_tokens_details")}
    wrong += [f"{name} holds no counts" for name in details if not all(map(_count, details[name].values()))]
    if (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0) > usage["prompt_tokens"]:
        wrong.append("more tokens cached than there are")


def _finish(finish: Any, called: bool, wrong: list[str]) -> None:
    if finish not in FINISH:
        wrong.append(f"finish_reason {finish!r}")
    if finish == ("stop" if called else "tool_calls"):
        wrong.append(f"finish_reason {finish} {'with' if called else 'without'} calls")


def _distinct(ids: list[Any], wrong: list[str]) -> None:
    if len(set(ids)) != len(ids):
        wrong.append(f"ids of calls twice: {ids}")


def _finishes(chunk: dict[str, Any]) -> bool:
    return any(choice.get("finish_reason") is not None for choice in _list(chunk, "choices", []))


def _list(holder: dict[str, Any], name: str, wrong: list[str]) -> list[dict[str, Any]]:
    value = holder.get(name, [])
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        wrong.append(f"{name} is no list of objects")
        return []
    return value


def _unknown(holder: dict[str, Any], known: set[str], what: str, wrong: list[str]) -> None:
    if set(holder) - known:
        wrong.append(f"unknown members of a {what}: {sorted(set(holder) - known)}")


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
