"""`ctx.messages`, `ctx.system`, `ctx.tools`, `ctx.settings`: a model call as pydantic-ai's types have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, SystemPromptPart
    from pydantic_ai.settings import ModelSettings
    from pydantic_ai.tools import ToolDefinition

    from ccproxy.pipeline.access import Access
    from ccproxy.pipeline.subject import Subject


class Typed:
    """The typed side of a request for one hook. Nothing is read before the first touch.

    What the hook changes, by assignment or in place, is put into the document by `settle`: of that only what changed.
    """

    def __init__(self, subject: Subject, access: Access) -> None:
        self._subject, self._access = subject, access

    messages: list[ModelMessage]
    system: list[SystemPromptPart]
    tools: list[ToolDefinition]
    settings: ModelSettings

    def settle(self) -> None:
        """Puts what changed into the document. Raises Undeclared."""
        raise NotImplementedError
