"""`shaping`: the envelope of a captured client, put around a request."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from ccproxy.config.errors import nearest
from ccproxy.config.hooks import HookEntry
from ccproxy.config.section import Complaint, Raw, Section
from ccproxy.config.shape_profiles import FRAMING_HEADERS, PACKAGED, TARGET_HEADERS
from ccproxy.config.values import FilePath, HeaderName, Regex, Text, wrong

NEEDED = frozenset({"model", "messages", "input", "contents"})
"""Members without which there is no call."""
CONTENT = frozenset(name for profile in PACKAGED.values() for name in profile["content_fields"])
PROFILE_NAME = re.compile(r"(?!.*\.mflow$)[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
STRATEGY = re.compile(r"replace|drop|fallback_shape|(prepend_shape|append_shape)(:[0-9]{1,6})?", re.ASCII)


def _strategy(value: str) -> str:
    if not STRATEGY.fullmatch(value):
        choices = "choose replace, drop, fallback_shape, prepend_shape[:N] or append_shape[:N]"
        raise wrong("is not a merge strategy", choices)
    return value


def _from_environment(value: object) -> object:
    """`$VAR` and `${VAR}` are replaced; null if one of them is not set."""
    if not isinstance(value, str):
        return value
    expanded = os.path.expandvars(value)
    return None if re.search(r"\$\{\w+\}|\$\w+", expanded) else expanded


Expanded = Annotated[str | None, BeforeValidator(_from_environment)]
Strategy = Annotated[str, AfterValidator(_strategy)]


class Capture(Section):
    """`shaping.providers.NAME.capture`: which requests can become a shape."""

    path_pattern: Regex = re.compile("")
    """Found in the path, without the query."""


class Billing(Section):
    """`shaping.providers.anthropic.billing` of 2.0: its files load, but no signature is computed."""

    salt: Expanded = Field(default=None, repr=False)
    seed: Expanded = Field(default=None, repr=False)


class ShapeProfile(Section):
    """`shaping.providers.NAME`: how a captured envelope and a request become one."""

    format: Literal["anthropic", "openai", "openai_responses", "gemini"] | None = None
    """The wire format of the requests; null for any."""
    content_fields: list[Text] = Field(default_factory=list)
    """Members of the body that are the request's own, never the shape's."""
    merge_strategies: dict[str, Strategy] = Field(default_factory=dict)
    """By content field; those that are not named are replaced."""
    unknown_fields: Literal["keep", "drop"] = "keep"
    """What becomes of the request's other members: they follow the shape's, or stay behind."""
    wrapped_in: Text | None = None
    """The member that holds the call itself, where a client wraps it (Code Assist)."""
    shape_hooks: list[HookEntry] = Field(default_factory=list)
    """What is done to the result, in this order."""
    preserve_headers: list[HeaderName] = Field(default_factory=lambda: [*TARGET_HEADERS])
    """Fields whose value is the request's, in the shape's place."""
    merge_headers: list[HeaderName] = Field(default_factory=list)
    """Fields that hold a list with commas: the request's items follow the shape's."""
    strip_headers: list[HeaderName] = Field(default_factory=lambda: [*TARGET_HEADERS, *FRAMING_HEADERS])
    """Fields of which a shape keeps no value."""
    capture: Capture = Field(default_factory=Capture)
    billing: Billing = Field(default_factory=Billing)


class Shaping(Section):
    """`shaping`."""

    retired_keys: ClassVar[dict[str, str]] = {"seeds_dir": "it is called shapes_dir now"}

    enabled: bool = True
    shapes_dir: FilePath | None = None
    """null means `shapes` beside the configuration file."""
    providers: dict[str, ShapeProfile] = Field(default_factory=dict)
    """The profiles by name. What is written of a packaged one is put over it, key by key."""

    @classmethod
    def unfold(cls, written: object) -> object:
        """The packaged profiles are there, whatever else is written."""
        if not isinstance(written, Mapping):
            return written
        given = written.get("providers")
        if given is not None and not isinstance(given, Mapping):
            return written
        return {**written, "providers": {**PACKAGED, **_overlaid(given or {})}}

    @classmethod
    def rules(cls, raw: Raw) -> Iterator[Complaint]:
        """Names that files can have, and strategies for what is content."""
        profiles = raw.get("providers")
        for name, profile in profiles.items() if isinstance(profiles, Mapping) else ():
            if isinstance(name, str) and not PROFILE_NAME.fullmatch(name):
                hint = "use letters, digits, '-', '_' and '.', at most 64, the first a letter or digit"
                yield Complaint(("providers", name), "a shape cannot have a file of this name", hint)
            if isinstance(profile, Mapping):
                yield from _content(("providers", name), profile)


def _content(path: tuple[str, str], profile: Mapping[str, Any]) -> Iterator[Complaint]:
    """What a profile says of the caller's own members."""
    fields, strategies = profile.get("content_fields"), profile.get("merge_strategies")
    if not isinstance(fields, list) or not isinstance(strategies, Mapping):
        return
    known = [*(each for each in fields if isinstance(each, str)), *CONTENT]
    for name, strategy in strategies.items():
        at = (*path, "merge_strategies", name)
        if name not in known and (guess := nearest(str(name), known)):
            yield Complaint(at, "is no content field", f"did you mean {guess!r}?")
        elif strategy == "drop" and name in NEEDED:
            yield Complaint(at, "is what the call consists of, and cannot be left out", "take the line out")


def _overlaid(given: Mapping[object, object]) -> dict[object, object]:
    return {
        name: _over(base_of(name, profile), profile) if isinstance(profile, Mapping) else profile
        for name, profile in given.items()
        if isinstance(name, str) and profile is not None
    }


def base_of(name: str, profile: Mapping[Any, Any]) -> Mapping[str, Any]:
    """The packaged profile that one of the user's is put over: that of its name, else that of its format. Of any other
    what is content in some format is the caller's."""
    format = profile.get("format")
    same = (packaged for packaged in PACKAGED.values() if packaged["format"] == format)
    return PACKAGED.get(name) or next(same, {"content_fields": sorted(CONTENT)})


def _over(base: Mapping[str, Any], written: Mapping[Any, Any]) -> dict[Any, Any]:
    """Key by key, at every depth."""
    given = {key: value for key, value in written.items() if value is not None}
    nested = {key: (base[key], value) for key, value in given.items() if isinstance(base.get(key), Mapping)}
    return {**base, **given, **{key: _over(*both) for key, both in nested.items() if isinstance(both[1], Mapping)}}
