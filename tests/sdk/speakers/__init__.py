"""The official SDKs behind one face: questions are put to each in its own words, and what each says is read back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.sdk.speakers.anthropic import AnthropicSpeaker
from tests.sdk.speakers.chat import ChatSpeaker
from tests.sdk.speakers.gemini import GeminiSpeaker
from tests.sdk.speakers.question import Speaker
from tests.sdk.speakers.responses import ResponsesSpeaker

CLASSES = {
    "anthropic": AnthropicSpeaker,
    "openai": ChatSpeaker,
    "openai_responses": ResponsesSpeaker,
    "gemini": GeminiSpeaker,
}


@contextmanager
def all_speakers(url: str) -> Iterator[dict[str, Speaker]]:
    """A client of each SDK, by the name of its format."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(made(url)) for name, made in CLASSES.items()}
