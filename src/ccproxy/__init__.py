"""One local daemon through which any LLM client's traffic can pass, be seen, be changed and be accounted for.

What hooks are written with can be imported from here: `from ccproxy import Context, hook`. See docs/hooks.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ccproxy.pipeline.answer_context import AnswerContext
    from ccproxy.pipeline.context import Context
    from ccproxy.pipeline.failures import Unfit
    from ccproxy.pipeline.hook import Hook, hook
    from ccproxy.pipeline.trial import Trial, try_hook

__version__ = "2.0.0.dev0"

__all__ = ["AnswerContext", "Context", "Hook", "Trial", "Unfit", "__version__", "hook", "try_hook"]

_MODULES = {
    "AnswerContext": "answer_context",
    "Context": "context",
    "Hook": "hook",
    "Trial": "trial",
    "Unfit": "failures",
    "hook": "hook",
    "try_hook": "trial",
}
"""Where they are in `ccproxy.pipeline`; imported at their first use, so that the command line starts at once."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.pipeline.{_MODULES[name]}"), name)
