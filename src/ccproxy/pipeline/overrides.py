"""`x-ccproxy-hooks: +name,-name,name`: what a client says about the hooks of one request."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ccproxy.pipeline.failures import InvalidOverride
from ccproxy.pipeline.hook import Step

HEADER = "x-ccproxy-hooks"


@dataclass(frozen=True, slots=True)
class Override:
    """Hooks by name."""

    unguarded: frozenset[str]
    """Run whatever their guards say."""
    without: frozenset[str]
    """Do not run."""


def parse_override(value: str, steps: Iterable[Step], absent: Collection[str] = ()) -> Override:
    """Reads the header's value: `+name` runs without its guard, `-name` does not run, a bare name is as ever.

    Of what is said twice about one hook the last counts. Names are case-sensitive.

    Args:
        value: the field's value; several fields are joined by commas.
        steps: the hooks that there are.
        absent: further names that may be switched off, since hooks of these names do not run anyhow.

    Raises:
        InvalidOverride: for a name that is not known, or of a hook that clients have no say in.
    """
    known = {step.name: step for step in steps}
    said: dict[str, str] = {}
    for item in filter(None, map(str.strip, value.split(","))):
        sign, name = (item[0], item[1:].strip()) if item[0] in "+-" else ("", item)
        if name:
            said[name] = sign
    for name, sign in said.items():
        _check(name, sign, known, absent)
    return Override(*(frozenset(name for name, sign in said.items() if sign == wanted) for wanted in "+-"))


def _check(name: str, sign: str, known: dict[str, Step], absent: Collection[str]) -> None:
    if name in known:
        if not known[name].overridable:
            raise InvalidOverride(f"{HEADER}: the hook {name!r} cannot be overridden by a request")
    elif sign != "-" or name not in absent:
        names = ", ".join(sorted(name for name, step in known.items() if step.overridable)) or "none"
        raise InvalidOverride(f"{HEADER}: there is no hook {name!r}; those that a request can override: {names}")
