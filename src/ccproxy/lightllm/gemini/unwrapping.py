"""Code Assist's answers as the Gemini API's: each without its envelope, byte for byte what was in it.

The one place where answers are unwrapped that stay in their format; what is translated is unwrapped by its reader.
"""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.gemini.encoding import encoded
from ccproxy.lightllm.gemini.splicing import found_in, spliced
from ccproxy.lightllm.lines import Lines
from ccproxy.lightllm.sse import EVENT_LIMIT, EventTooLong

END = b"\r\n"
"""How Google ends a line."""
BLANK = frozenset({b"\r\n", b"\n", b"\r"})


def unwrapped_body(body: bytes) -> bytes:
    """A whole answer, or a list of them, without envelopes; what has none, or is no JSON, is returned as it is."""
    found = found_in(body)
    return spliced(body, found) if found else body


class Unwrapping:
    """Takes the pieces of a body of server-sent events, and gives out the same events with bare answers.

    Lines beside the data, events without an envelope and what is no JSON pass as they came. A client that asked for no
    events gets one JSON array of the answers, and nothing else.
    """

    def __init__(self, *, array: bool = False) -> None:
        self._array = array
        self._lead = b"["
        """What comes before the next element of an array."""
        self._lines = Lines()
        self._event: list[bytes] = []
        """The lines of an event, from its first data on."""
        self._size = 0
        self._inside = False
        """True if a line of an event has gone out, and its end has not."""
        self._over = False
        self._whole = False

    @property
    def whole(self) -> bool:
        """True once an event has said how the answer ended: a reason, a refusal of the prompt, an error."""
        return self._whole

    def feed(self, chunk: bytes) -> bytes:
        """What is due with a chunk; often nothing. Raises EventTooLong, and then nothing but `fail` makes sense: of
        that chunk, nothing has been taken."""
        if self._over:
            return b""
        may_be_long = self._size + self._lines.size + len(chunk) > EVENT_LIMIT
        late, lines = self._lines.feed(chunk)
        if may_be_long and self._is_too_long(lines):
            raise EventTooLong(f"an event of the stream is longer than {EVENT_LIMIT >> 20} MiB")
        out: list[bytes] = []
        self._take(late, lines, out)
        return b"".join(out)

    def end(self) -> bytes:
        """The rest, when the body has ended: an event without its blank line counts."""
        if self._over:
            return b""
        self._over = True
        out: list[bytes] = []
        self._take(*self._lines.end(), out)
        if self._event and self._finish(out) and not self._array:
            out.append(END if out[-1].endswith((b"\n", b"\r")) else END + END)
        return b"".join(out) + self._closing()

    def fail(self, error: dict[str, Any]) -> bytes:
        """The rest, when all that comes is an error, as a document: `{"error": {…}}`. What was cut off is left."""
        if self._over:
            return b""
        self._over = True
        if self._array:
            return self._lead + encoded(error) + b"]"
        return (END if self._inside else b"") + b"data: " + encoded(error) + END + END

    def _is_too_long(self, lines: list[bytes]) -> bool:
        """True if an event would be, with these lines and with the one that has not ended."""
        size = self._size
        for line in lines:
            if line in BLANK:
                size = 0
            elif size or is_data(line):
                size += len(line)
            if size > EVENT_LIMIT:
                return True
        return size + self._lines.size > EVENT_LIMIT

    def _closing(self) -> bytes:
        if not self._array:
            return b""
        return b"[]" if self._lead == b"[" else b"]"

    def _take(self, late: bytes, lines: list[bytes], out: list[bytes]) -> None:
        if late and self._event:
            self._event[-1] += late
        elif late:
            self._pass(late, out)
        for line in lines:
            self._line(line, out)

    def _line(self, line: bytes, out: list[bytes]) -> None:
        if line in BLANK:
            if self._event:
                self._finish(out)
            self._pass(line, out)
            self._inside = False
        elif self._event or is_data(line):
            self._event.append(line)
            self._size += len(line)
        else:
            self._pass(line, out)
            self._inside = True

    def _finish(self, out: list[bytes]) -> bool:
        """Lets an event out, but for its blank line. True if it had an envelope."""
        lines, self._event, self._size = self._event, [], 0
        data = b"\n".join([data_of(line) for line in lines if is_data(line)]) if len(lines) > 1 else data_of(lines[0])
        found = found_in(data) or []
        for one in found:
            if one.ends:
                self._whole = True
            if self._array:
                out += self._lead, one.answer
                self._lead = b",\r\n"
        if self._array:
            return True
        bare = spliced(data, found)
        out += lines if bare is data else with_data(lines, bare)
        return bare is not data

    def _pass(self, piece: bytes, out: list[bytes]) -> None:
        if not self._array:
            out.append(piece)


def is_data(line: bytes) -> bool:
    """True for a line of an event that holds data."""
    return line[:5] == b"data:" or line.rstrip(b"\r\n") == b"data"


def data_of(line: bytes) -> bytes:
    """The data in a line that holds some."""
    return line[6 if line[5:6] == b" " else 5 :].rstrip(b"\r\n")


def with_data(lines: list[bytes], data: bytes) -> list[bytes]:
    """An event with other data, written as its first line is, which is one of data."""
    text = lines[0].rstrip(b"\r\n")
    end = lines[0][len(text) :] or END
    if len(lines) == 1 and b"\n" not in data:
        return [text[: 6 if text[5:6] == b" " else 5], data, end]
    bare = text[5:6] != b" "
    said = [(b"data:" if bare and piece[:1] != b" " else b"data: ") + piece + end for piece in data.split(b"\n")]
    return [*said, *(line for line in lines if not is_data(line))]
