"""The hooks of installed packages: those that have an entry point in the group `ccproxy.hooks`.

https://packaging.python.org/en/latest/specifications/entry-points/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

from ccproxy.config.errors import Place, Problem
from ccproxy.pipeline.blame import told
from ccproxy.pipeline.find import Find
from ccproxy.pipeline.hook import Hook
from ccproxy.pipeline.references import NoHooks, hooks_by_name

GROUP = "ccproxy.hooks"
VALUE = re.compile(r"(?P<module>[\w.]+)\s*(:\s*(?P<attribute>[\w.]+))?\s*(\[.*\])?")
"""`module` or `module:object`; extras are as good as none."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An entry point. `value` names a module or an object in one."""

    name: str
    package: str
    version: str
    """The name and the version of the distribution that brings it."""
    value: str

    def __str__(self) -> str:
        return f"entry point {self.name} of {self.package} {self.version}".rstrip()

    @property
    def advice(self) -> str:
        """What its user can do if it is broken."""
        return f"uninstall {self.package}, or write hooks.entry_points: false"

    def hooks(self) -> list[Hook]:
        """What it names, loaded. Raises NoHooks."""
        parts = VALUE.fullmatch(self.value.strip())
        if parts is None:
            raise NoHooks(f"its value {self.value!r} is neither a module nor module:object")
        return hooks_by_name(parts["module"], parts["attribute"] or "", parts["module"])


def installed() -> Iterator[Find | Problem]:
    """The hooks of all installed packages, by the names of their entry points."""
    try:
        offers = _offers()
    except Exception as error:  # noqa: BLE001  somebody's files
        message = f"the entry points of installed packages cannot be read: {told(error)}"
        yield Problem(GROUP, None, None, "", message, "write hooks.entry_points: false")
        return
    for offer in offers:
        try:
            yield from [Find(hook, Place(str(offer)), str(offer)) for hook in offer.hooks()]
        except NoHooks as error:
            yield Problem(str(offer), None, None, "", str(error), offer.advice)


def _offers() -> list[Offer]:
    points = sorted(metadata.entry_points(group=GROUP), key=lambda point: (point.name, point.value))
    return [Offer(point.name, *_package(point.dist), point.value) for point in points]


def _package(distribution: metadata.Distribution | None) -> tuple[str, str]:
    known = distribution.metadata.get_all("Name") if distribution else None
    if distribution is None or not known:
        return "an installed package", ""
    return known[0], "".join(distribution.metadata.get_all("Version") or [])
