"""What a hook sees of a request."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from ccproxy.exchange import Headers, get_header
from ccproxy.pipeline.access import Access
from ccproxy.pipeline.body import Body
from ccproxy.pipeline.facts import Facts
from ccproxy.pipeline.fields import Fields, checked_field
from ccproxy.pipeline.subject import LocalAnswer, Subject
from ccproxy.pipeline.typed import Typed

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, SystemPromptPart
    from pydantic_ai.settings import ModelSettings
    from pydantic_ai.tools import ToolDefinition

    from ccproxy.pipeline.hook import Step


class Context:
    """One hook's view of one request. It is of no use after the hook has returned."""

    __slots__ = ("_body", "_fields", "_typed", "access", "exchange", "subject")

    def __init__(self, subject: Subject, step: Step) -> None:
        self.subject = subject
        """What all hooks of the stage work on: not for hooks."""
        self.access = Access(step)
        self.exchange = Facts(subject, self.access)
        """`provider`, `model`, `session`, `conversation`, `jail` and more: see `Facts`."""
        self._body: Body | None = None
        self._fields: Fields | None = None
        self._typed: Typed | None = None

    @property
    def body(self) -> Body:
        """The body as JSON: `get`, `has`, `assign`, `delete` with glom paths."""
        if self._body is None:
            self._body = Body(self.subject.draft, self.access)
        return self._body

    @property
    def headers(self) -> Fields:
        """The header fields: order and duplicates are kept, names match in any case."""
        if self._fields is None:
            self._fields = Fields(self.subject.headers, self.access)
        return self._fields

    @property
    def typed(self) -> Typed:
        """What the next four come from."""
        if self._typed is None:
            self._typed = Typed(self.subject, self.access)
        return self._typed

    @property
    def messages(self) -> list[ModelMessage]:
        """The conversation, system prompt apart. Raises Unfit where the request is not a model call."""
        return self.typed.messages

    @messages.setter
    def messages(self, value: list[ModelMessage]) -> None:
        self.typed.messages = value

    @property
    def system(self) -> list[SystemPromptPart]:
        """The system prompt: the parts that come before the conversation."""
        return self.typed.system

    @system.setter
    def system(self, value: str | Sequence[SystemPromptPart | str]) -> None:
        self.typed.system = value

    @property
    def tools(self) -> list[ToolDefinition]:
        """The tools that the client offers to the model."""
        return self.typed.tools

    @tools.setter
    def tools(self, value: list[ToolDefinition]) -> None:
        self.typed.tools = value

    @property
    def settings(self) -> ModelSettings:
        """max_tokens, temperature and so on, by pydantic-ai's names."""
        return self.typed.settings

    @settings.setter
    def settings(self, value: ModelSettings) -> None:
        self.typed.settings = value

    def respond(
        self,
        status: int,
        text: str | None = None,
        *,
        body: bytes | str | dict[str, Any] | list[Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Answers in place of a provider; no later hook runs, and nothing is sent.

        Args:
            status: an HTTP status from 200 to 599. From 400 on the answer is an error.
            text: what the model says, or the error's message: put into the client's dialect, as a stream if it asked
                for one.
            body: in place of `text`: the body as it is to be, bytes, text or JSON.
            headers: further header fields.

        Raises ValueError for a status, a text or a header field that is none, or where text and body are both given.
        """
        if not 200 <= status <= 599:
            raise ValueError(f"{status} is not the status of an answer")
        if text is not None and body is not None:
            raise ValueError("give a text or a body, not both")
        if text is not None:
            text.encode()  # half of a surrogate pair cannot be sent
        fields: Headers = [checked_field(name, value) for name, value in (headers or {}).items()]
        if isinstance(body, dict | list):
            body = orjson.dumps(body)
            if get_header(fields, b"content-type") is None:
                fields.insert(0, (b"Content-Type", b"application/json"))
        content = body.encode() if isinstance(body, str) else body
        given = LocalAnswer(status, text, content, fields, self.access.step.name)
        self.access.on_undo(partial(_take_back, self.subject, given, self.subject.answer))
        self.subject.answer = given

    def resource[T](self, kind: type[T]) -> T:
        """A part of the house, for its own hooks. Raises KeyError."""
        found: T = self.subject.resources[kind]
        return found

    def settle(self) -> None:
        """The hook has returned: what it changed in place takes effect. Raises Undeclared."""
        if self._typed is not None:
            self._typed.settle()
        if self._body is not None:
            self._body.settle()

    def undo(self) -> None:
        """The hook has failed: the request is as it was before it."""
        self.access.undo()


def _take_back(subject: Subject, given: LocalAnswer, before: LocalAnswer | None) -> None:
    if subject.answer is given:  # else another hook, which ran at the same time, has given one since
        subject.answer = before
