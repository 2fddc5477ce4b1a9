"""What a Gemini client demands of an answer.

Sources: https://ai.google.dev/api/generate-content, google.rpc.Status, and how the SDKs for Python, JS and Go read
streams: line by line, where only `data: ` may begin a line; any other, a comment too, is a parse error to them.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any


def words(text: str) -> frozenset[str]:
    """A set of names."""
    return frozenset(text.split())


FINISH_REASONS = words(
    "STOP MAX_TOKENS SAFETY RECITATION LANGUAGE OTHER BLOCKLIST PROHIBITED_CONTENT SPII MALFORMED_FUNCTION_CALL "
    "IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT IMAGE_OTHER NO_IMAGE IMAGE_RECITATION UNEXPECTED_TOOL_CALL "
    "TOO_MANY_TOOL_CALLS MISSING_THOUGHT_SIGNATURE MALFORMED_RESPONSE MODEL_ARMOR"
)
BLOCK_REASONS = words("SAFETY OTHER BLOCKLIST PROHIBITED_CONTENT IMAGE_SAFETY MODEL_ARMOR JAILBREAK")
RPC_CODES = words(
    "CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED UNAUTHENTICATED "
    "RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS"
)
RESPONSE = words("candidates promptFeedback usageMetadata modelVersion responseId createTime metadata")
"""All but the last are Google's; `metadata` is ours, and google-genai passes it over."""
CANDIDATE = words(
    "content finishReason index groundingMetadata citationMetadata urlContextMetadata logprobsResult avgLogprobs "
    "safetyRatings finishMessage tokenCount"
)
PART_DATA = words(
    "text inlineData fileData functionCall functionResponse executableCode codeExecutionResult toolCall toolResponse"
)
SOURCES = frozenset({"web", "retrievedContext", "maps", "image"})
PART_MARKS = frozenset({"thought", "thoughtSignature"})
COUNTS = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "toolUsePromptTokenCount")
LINE_ENDS = ("\u2028", "\u2029", "\u0085", "\v", "\f")


class Checker:
    """Reads the chunks of one answer and notes what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.text = ""
        self.finishes = 0
        self.failed = False
        self.blocked = False
        self.usage: dict[str, Any] | None = None
        self.envelope: tuple[Any, Any] | None = None
        self.call_ids: set[str] = set()
        self.runs: set[str] = set()

    def wrong(self, place: str, what: object) -> None:
        self.problems.append(f"{place}: {what}")

    def expect(self, good: bool, place: str, what: object) -> bool:
        if not good:
            self.wrong(place, what)
        return good

    def chunk(self, chunk: Any, place: str) -> None:
        try:
            self._chunk(chunk, place)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            self.wrong(place, f"types so wrong that the checker gave up: {error!r}")

    def _chunk(self, chunk: Any, place: str) -> None:
        if not self.expect(isinstance(chunk, dict), place, "not an object"):
            return
        self.expect(not self.failed, place, "comes after an error")
        if "error" in chunk:
            self.failed = True
            self.expect(not self.finishes, place, "an error after finishReason")
            self.problems += [f"{place}: {problem}" for problem in check_error(chunk)]
            return
        self.expect(not self.finishes, place, "comes after finishReason")
        self.expect(chunk.keys() <= RESPONSE, place, f"unknown members {sorted(chunk.keys() - RESPONSE)}")
        self._envelope(chunk, place)
        if "usageMetadata" in chunk:
            self._usage(chunk["usageMetadata"], f"{place}.usageMetadata")
        if "promptFeedback" in chunk:
            self.blocked = True
            reason = chunk["promptFeedback"].get("blockReason")
            self.expect(reason in BLOCK_REASONS, f"{place}.promptFeedback", f"blockReason {reason!r}")
        candidates = chunk.get("candidates")
        if candidates is None and self.blocked:
            return
        if self.expect(isinstance(candidates, list) and len(candidates) == 1, place, "not one candidate"):
            self._candidate(candidates[0], f"{place}.candidates[0]")

    def _envelope(self, chunk: dict[str, Any], place: str) -> None:
        envelope = chunk.get("modelVersion"), chunk.get("responseId")
        self.expect(all(isinstance(value, str) and value for value in envelope), place, f"model and id {envelope}")
        self.expect(self.envelope in (None, envelope), place, f"model and id change to {envelope}")
        self.envelope = envelope

    def _candidate(self, candidate: Any, place: str) -> None:
        if not self.expect(isinstance(candidate, dict), place, "not an object"):
            return
        self.expect(candidate.keys() <= CANDIDATE, place, f"unknown members {sorted(candidate.keys() - CANDIDATE)}")
        self.expect(candidate.get("index") == 0, place, f"index {candidate.get('index')!r}")
        content = candidate.get("content")
        if self.expect(isinstance(content, dict), place, "no content"):
            self.expect(content.get("role") == "model", place, f"role {content.get('role')!r}")
            self.expect(content.keys() <= {"role", "parts"}, place, f"members {sorted(content)}")
            parts = content.get("parts")
            if self.expect(isinstance(parts, list) and bool(parts), place, "no parts"):
                for nth, part in enumerate(parts):
                    self._part(part, f"{place}.parts[{nth}]")
        if "finishReason" in candidate:
            self.finishes += 1
            reason = candidate["finishReason"]
            self.expect(reason in FINISH_REASONS, place, f"finishReason {reason!r}")
        if "groundingMetadata" in candidate:
            self._grounding(candidate["groundingMetadata"], f"{place}.groundingMetadata")
        if "logprobsResult" in candidate:
            self._logprobs(candidate["logprobsResult"], f"{place}.logprobsResult")

    def _part(self, part: Any, place: str) -> None:
        if not self.expect(isinstance(part, dict), place, "not an object"):
            return
        data = part.keys() & PART_DATA
        self.expect(len(data) == 1, place, f"holds {sorted(data)}")
        self.expect(part.keys() <= PART_DATA | PART_MARKS, place, f"members {sorted(part)}")
        self.expect(part.get("thought", True) is True, place, "thought is not true")
        if "thoughtSignature" in part:
            self.expect(bool(part["thoughtSignature"]), place, "empty signature")
            self._base64(part["thoughtSignature"], f"{place}.thoughtSignature")
        for kind in data:
            getattr(self, f"_{kind}")(part[kind], f"{place}.{kind}")
        if isinstance(part.get("text"), str) and not part.get("thought"):
            self.text += part["text"]

    def _base64(self, value: Any, place: str) -> None:
        try:
            base64.b64decode(value.replace("-", "+").replace("_", "/"), validate=True)
        except (AttributeError, binascii.Error) as error:
            self.wrong(place, f"not base64: {error}")

    def _strings(self, value: Any, place: str, *names: str) -> None:
        if self.expect(isinstance(value, dict), place, "not an object"):
            self.expect(value.keys() <= set(names), place, f"members {sorted(value)}")
            for name, member in value.items():
                self.expect(isinstance(member, str), place, f"{name} is {member!r}")

    def _text(self, value: Any, place: str) -> None:
        self.expect(isinstance(value, str), place, f"{value!r}")

    def _inlineData(self, value: Any, place: str) -> None:
        self._strings(value, place, "mimeType", "data", "displayName")
        self.expect("/" in value.get("mimeType", ""), place, f"mimeType {value.get('mimeType')!r}")
        self._base64(value.get("data"), f"{place}.data")

    def _fileData(self, value: Any, place: str) -> None:
        self._strings(value, place, "mimeType", "fileUri", "displayName")
        self.expect(bool(value.get("fileUri")), place, "no fileUri")

    def _functionCall(self, value: Any, place: str) -> None:
        if not self.expect(isinstance(value, dict), place, "not an object"):
            return
        self.expect(value.keys() <= {"id", "name", "args"}, place, f"members {sorted(value)}")
        self.expect(isinstance(value.get("name"), str) and bool(value["name"]), place, "no name")
        self.expect(isinstance(value.get("args"), dict), place, f"args {value.get('args')!r}")
        id = value.get("id")
        if self.expect(isinstance(id, str) and bool(id), place, f"id {id!r}"):
            self.expect(id not in self.call_ids, place, f"id {id!r} again")
            self.call_ids.add(id)

    def _functionResponse(self, value: Any, place: str) -> None:
        self.wrong(place, "a model answers no function calls")

    def _executableCode(self, value: Any, place: str) -> None:
        self._strings(value, place, "language", "code", "id")
        language = value.get("language")
        self.expect(language in ("PYTHON", "LANGUAGE_UNSPECIFIED"), place, f"language {language!r}")
        self.runs.add(value.get("id", ""))

    def _codeExecutionResult(self, value: Any, place: str) -> None:
        self._strings(value, place, "outcome", "output", "id")
        outcome = value.get("outcome")
        known = ("OUTCOME_OK", "OUTCOME_FAILED", "OUTCOME_DEADLINE_EXCEEDED")
        self.expect(outcome in known, place, f"outcome {outcome!r}")
        self.expect(value.get("id", "") in self.runs, place, "a result of no code")

    def _toolCall(self, value: Any, place: str) -> None:
        self.expect(isinstance(value, dict) and isinstance(value.get("toolType"), str), place, "no toolType")

    def _toolResponse(self, value: Any, place: str) -> None:
        self.expect(isinstance(value, dict), place, "not an object")

    def _usage(self, usage: Any, place: str) -> None:
        if not self.expect(isinstance(usage, dict), place, "not an object"):
            return
        self.usage = usage
        for name, value in usage.items():
            if name.endswith("Count"):
                good = isinstance(value, int) and not isinstance(value, bool) and value >= 0
                self.expect(good, place, f"{name} {value!r}")
        total = sum(usage.get(name, 0) for name in COUNTS)
        self.expect(usage.get("totalTokenCount") == total, place, f"the total is {usage.get('totalTokenCount')}")
        self.expect("promptTokenCount" in usage, place, "no promptTokenCount")
        cached = usage.get("cachedContentTokenCount", 0)
        self.expect(cached <= usage.get("promptTokenCount", 0), place, "more cached than prompted")

    def _grounding(self, grounding: Any, place: str) -> None:
        chunks = grounding.get("groundingChunks", [])
        for nth, chunk in enumerate(chunks):
            good = (
                len(chunk) == 1 and set(chunk) <= {"web", "retrievedContext", "maps", "image"} and all(chunk.values())
            )
            self.expect(good, f"{place}.groundingChunks[{nth}]", chunk)
        size = len(self.text.encode())
        for nth, support in enumerate(grounding.get("groundingSupports", [])):
            at = f"{place}.groundingSupports[{nth}]"
            segment, indices = support.get("segment", {}), support.get("groundingChunkIndices", [])
            self.expect(bool(indices) and all(0 <= index < len(chunks) for index in indices), at, f"chunks {indices}")
            self.expect(0 <= segment.get("startIndex", 0) <= segment.get("endIndex", -1) <= size, at, segment)
            if "text" in segment:
                cited = self.text.encode()[segment.get("startIndex", 0) : segment.get("endIndex", 0)]
                self.expect(cited.decode("utf-8", "replace") == segment["text"], at, f"text {segment['text']!r}")

    def _logprobs(self, result: Any, place: str) -> None:
        chosen = result.get("chosenCandidates")
        self.expect(isinstance(chosen, list) and bool(chosen), place, "nothing chosen")
        top = result.get("topCandidates")
        self.expect(top is None or len(top) == len(chosen), place, "top candidates of another number of steps")
        for token in (*(chosen or ()), *(other for step in top or () for other in step.get("candidates", ()))):
            good = isinstance(token.get("token"), str) and isinstance(token.get("logProbability"), int | float)
            self.expect(good, place, token)

    def end(self) -> list[str]:
        """All problems, those of the whole included."""
        if not self.failed:
            self.expect(self.finishes == 1 or self.blocked, "end", f"finishReason {self.finishes} times")
            self.expect(self.usage is not None, "end", "no usageMetadata")
        return self.problems


def check_stream(text: str) -> list[str]:
    """What is wrong with a stream, of `alt=sse` or a JSON array."""
    checker = Checker()
    array = text.lstrip().startswith("[")
    try:
        chunks = list(enumerate(json.loads(text))) if array else list(_data(text, checker))
    except ValueError as error:
        return [f"not JSON: {error}"]
    checker.expect(bool(chunks), "stream", "nothing in it")
    for nth, chunk in chunks:
        checker.chunk(chunk, f"chunk {nth}")
    return checker.end()


def _data(text: str, checker: Checker) -> Iterator[tuple[int, Any]]:
    """The data of server-sent events."""
    for end in LINE_ENDS:
        checker.expect(end not in text, "stream", f"{end!r} is not escaped: line ends to some SDKs")
    checker.expect(not text or text.endswith(("\n\n", "\r\n\r\n")), "stream", "the last event has no end")
    for nth, event in enumerate(filter(None, text.replace("\r\n", "\n").split("\n\n"))):
        lines = list(filter(None, event.split("\n")))
        if not checker.expect(len(lines) == 1 and lines[0].startswith("data: "), f"event {nth}", f"lines {lines}"):
            continue
        document = json.loads(lines[0].removeprefix("data: "))
        if isinstance(document, dict) and "error" in document:
            checker.expect(
                lines[0].startswith('data: {"error":'), f"event {nth}", "SDKs know an error by its beginning"
            )
        yield nth, document


def check_body(document: Any) -> list[str]:
    """What is wrong with a whole answer."""
    checker = Checker()
    checker.expect(isinstance(document, dict) and "error" not in document, "body", "no answer")
    checker.chunk(document, "body")
    return checker.end()


def check_error(document: Any) -> list[str]:
    """What is wrong with an error body, or an error in a stream."""
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict) or set(document) != {"error"}:
        return [f"no error object: {document!r}"]
    problems = []
    if not isinstance(error.get("code"), int) or not 400 <= error["code"] < 600:
        problems.append(f"error.code {error.get('code')!r}")
    if not isinstance(error.get("message"), str):
        problems.append(f"error.message {error.get('message')!r}")
    if error.get("status") not in RPC_CODES:
        problems.append(f"error.status {error.get('status')!r}")
    return problems
