"""`hooks`: what is done to requests and answers on their way."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ccproxy.config.section import Section
from ccproxy.config.values import FilePath, Params, Seconds, Text, wrong

REFERENCE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*)?", re.ASCII)

type Stage = Literal["inbound", "outbound", "response"]


def _reference(value: str) -> str:
    if not REFERENCE.fullmatch(value):
        raise wrong("is neither a module nor module:function", "for example ccproxy.hooks.verbose_mode")
    return value


class HookEntry(Section):
    """A hook: the module it lives in, or `module:function`, and its parameters. A string stands for one without."""

    hook: Annotated[str, AfterValidator(_reference)]
    params: Params = Field(default_factory=dict)
    on_error: Literal["continue", "fail"] | None = None
    """null leaves it to the hook."""
    overridable: bool | None = None

    @classmethod
    def unfold(cls, written: object) -> object:
        """From the short form."""
        return {"hook": written} if isinstance(written, str) else written


class Hooks(Section):
    """`hooks`: the hooks of each stage. Their order breaks ties only: what a hook reads and writes orders it."""

    inbound: list[HookEntry] = Field(default_factory=lambda: _built_in("extract_session_id"))
    outbound: list[HookEntry] = Field(default_factory=lambda: _built_in("inject_auth", "verbose_mode"))
    response: list[HookEntry] = Field(default_factory=list)
    hooks_dir: FilePath | None = Field(default="hooks", validate_default=True)
    """A directory of the user's own hooks, all of which are loaded. null means none."""
    entry_points: bool = True
    """Whether the hooks of installed packages (entry-point group `ccproxy.hooks`) are loaded."""
    disabled: list[Text] = Field(default_factory=list)
    """Hooks by name that do not run, wherever they come from."""
    overrides_from: Literal["loopback", "anybody", "nobody"] = "loopback"
    """Which clients may send `x-ccproxy-hooks`."""
    timeout_seconds: Seconds = 30.0
    """How long a hook may wait for something before it has failed."""

    def listed(self, stage: Stage) -> list[HookEntry]:
        """The list of a stage."""
        entries: list[HookEntry] = getattr(self, stage)
        return entries

    @classmethod
    def unfold(cls, written: object) -> object:
        """Refuses the list without stages that 2.0 took half the way."""
        if isinstance(written, list):
            raise wrong(
                "is a list, and does not say which stage each hook is of",
                "write 'inbound:' and 'outbound:' under 'hooks:', and the hooks under these",
            )
        return written


def _built_in(*names: str) -> list[HookEntry]:
    return [HookEntry(hook=f"ccproxy.hooks.{name}") for name in names]
