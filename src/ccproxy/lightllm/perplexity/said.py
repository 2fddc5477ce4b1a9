"""What a conversation is known by: all that was said in it, and the files that went with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from pydantic_ai.messages import BinaryContent

from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.perplexity import query
from ccproxy.lightllm.perplexity.content import File
from ccproxy.lightllm.perplexity.query import Turn


@dataclass(frozen=True, slots=True)
class Said:
    """A part of a conversation."""

    turns: Sequence[Turn]
    files: Sequence[str]
    """Digests."""

    def answered(self, answer: str) -> Said:
        """With the model's next words; those that it goes on with where its turn has begun already."""
        turns = list(self.turns)
        begun = turns.pop()[1] if turns and turns[-1][0] == "assistant" else ""
        return Said([*turns, ("assistant", begun + answer)], self.files)

    @property
    def questions(self) -> int:
        """How many turns are the user's."""
        return sum(role == "user" for role, _ in self.turns)


def said_in(call: ModelCall) -> tuple[Said, Said]:
    """All of a call's conversation, and what was said before the last question. Reads all bytes of its files."""
    files, last = query.files(call), query.files(call, last=True)
    digests = [sha256(told_of(file)).hexdigest() for file in files]
    return Said(query.turns(call), digests), Said(query.former(call), digests[: len(files) - len(last)])


def size_of(call: ModelCall) -> int:
    """Bytes of all files."""
    return sum(len(told_of(file)) for file in query.files(call))


def told_of(file: File) -> bytes:
    """The bytes of a file, or its URL."""
    return file.data if isinstance(file, BinaryContent) else file.url.encode("utf-8", "replace")
