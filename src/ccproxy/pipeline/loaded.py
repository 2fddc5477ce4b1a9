"""A model call that was read from a request's document, for a hook to change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ccproxy.lightllm.depth import is_deep
from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.formats import request_module
from ccproxy.pipeline.failures import Unfit
from ccproxy.pipeline.merge import merge
from ccproxy.pipeline.values import snapshot, thawed

if TYPE_CHECKING:
    from ccproxy.lightllm.call import ModelCall
    from ccproxy.pipeline.prompt import Prompt
    from ccproxy.pipeline.subject import Subject


class Loaded:
    """A model call that was read from a document, and what it amounted to."""

    def __init__(self, subject: Subject) -> None:
        from ccproxy.pipeline.prompt import Prompt

        draft = subject.draft
        if not subject.is_call or draft.format is None:
            raise Unfit("the request is not a model call")
        document = thawed(snapshot(draft.text_document()))
        try:
            self.call: ModelCall = request_module(draft.format).load(document, subject.path_model, subject.stream)
            self.prompt: Prompt = Prompt(self.call.messages)
            self.before = snapshot(self.dump())
        except InvalidCall as error:
            raise Unfit(f"the request cannot be read as a model call: {error}") from error
        except (RecursionError, TypeError) as error:
            if isinstance(error, TypeError) and not is_deep(document):
                raise
            raise Unfit("the request is nested too deeply to be read as a model call") from error
        self.settings = snapshot(self.call.settings)
        self.drops = dict(self.call.drops.counts)
        self.version = draft.version

    def dump(self) -> dict[str, Any]:
        """The call as a document again. Raises InvalidCall, TypeError."""
        from ccproxy.pipeline.prompt import checked_tools

        call = self.call
        call.messages, call.tools, call.drops = self.prompt.joined(), checked_tools(call.tools), Drops()
        return request_module(call.origin).dump(call)

    def take(self, other: Loaded, roots: Iterable[str]) -> None:
        """Takes over what another has made of the same call."""
        for root in roots:
            if root == "messages":
                self.prompt.messages = other.prompt.messages
            elif root == "system":
                self.prompt.take_system(other.prompt)
            elif root == "tools":
                self.call.tools = other.call.tools
            else:
                self.call.settings = merge(thawed(other.settings), dict(other.call.settings), self.call.settings)
