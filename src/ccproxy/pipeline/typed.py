"""`ctx.messages`, `ctx.system`, `ctx.tools`, `ctx.settings`: a model call as pydantic-ai's types have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ccproxy.pipeline.changes import Changes, meets
from ccproxy.pipeline.loaded import Loaded

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, SystemPromptPart
    from pydantic_ai.settings import ModelSettings
    from pydantic_ai.tools import ToolDefinition

    from ccproxy.pipeline.access import Access
    from ccproxy.pipeline.subject import Subject


class Typed:
    """The typed side of a request for one hook. Nothing is read before the first touch.

    What the hook changes, by assignment or in place, is put into the document by `settle`: of that only what changed.
    What the request's format has no place for is left out, and counted in the exchange.
    Every first touch may raise Unfit: NotJson, or where the request is not a model call that can be read.
    """

    def __init__(self, subject: Subject, access: Access) -> None:
        self._subject, self._access = subject, access
        self._loaded: Loaded | None = None

    @property
    def messages(self) -> list[ModelMessage]:
        """The conversation without the system prompt."""
        return self._read("messages").prompt.messages

    @messages.setter
    def messages(self, value: list[ModelMessage]) -> None:
        self._load().prompt.messages = list(value)

    @property
    def system(self) -> list[SystemPromptPart]:
        """The parts of the system prompt, in order."""
        return self._read("system").prompt.system

    @system.setter
    def system(self, value: str | Sequence[SystemPromptPart | str]) -> None:
        self._load().prompt.put_system(value)

    @property
    def tools(self) -> list[ToolDefinition]:
        """The tools that the client runs."""
        return self._read("tools").call.tools

    @tools.setter
    def tools(self, value: list[ToolDefinition]) -> None:
        self._load().call.tools = list(value)

    @property
    def settings(self) -> ModelSettings:
        """The settings that formats share."""
        return self._read("settings").call.settings

    @settings.setter
    def settings(self, value: ModelSettings) -> None:
        self._load().call.settings = value.copy()

    def settle(self) -> None:
        """Puts what changed into the document. Raises Undeclared, InvalidCall, TypeError."""
        if self._loaded is None:
            return
        loaded = self._loaded
        changes = Changes(loaded, self._access)
        if not changes.members:
            self._subject.exchange.count_dropped(changes.dropped())  # all that changed has no place there
            return
        if loaded.version != self._subject.draft.version:  # another hook has changed it since, or this one by its paths
            changes.check()
            fresh = Loaded(self._subject)
            fresh.take(loaded, changes.roots())
            changes = Changes(fresh, self._access)
        changes.apply(self._subject.draft)
        self._subject.exchange.count_dropped(changes.dropped())

    def _load(self) -> Loaded:
        if self._loaded is None:
            self._loaded = Loaded(self._subject)
        return self._loaded

    def _read(self, root: str) -> Loaded:
        hook = self._access.step.hook
        if root != "settings" or not meets((*hook.reads, *hook.writes), root):  # it may be but one of them
            self._access.read(root)
        return self._load()
