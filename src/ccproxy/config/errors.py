"""What is wrong with a configuration, said so that its owner can put it right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

type KeyPath = tuple[str | int, ...]
"""The way to a value: keys of mappings and indexes of lists."""


class Place(NamedTuple):
    """Where a value was written: a file with line and column (from 1), or the name of a variable or flag."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(printable(str(part)) for part in self if part is not None)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `file` may also be the name of an environment variable or of a flag."""

    file: str
    line: int | None
    column: int | None
    key: str
    """Dotted key without the root `ccproxy`, such as `providers.local.base_url`; empty for the file as a whole."""
    message: str
    """What is wrong."""
    hint: str = ""
    """What to do about it."""
    credential: bool = False
    """True if it concerns a credential, or where a provider is."""

    @property
    def place(self) -> Place:
        """File, line and column together; its str is `FILE:LINE:COLUMN`."""
        return Place(self.file, self.line, self.column)

    def __str__(self) -> str:
        what = f"{self.key}: {self.message}" if self.key else self.message
        return f"{self.place}: {what}; {self.hint}" if self.hint else f"{self.place}: {what}"


class ConfigError(Exception):
    """The configuration cannot be used. `problems` holds every problem found; str() is one line for each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=_order)
        super().__init__("\n".join(map(str, self.problems)))


class AuthConfigError(ConfigError):
    """All that is wrong concerns credentials, or where providers are: with it no request could ever be sent."""


def config_error(problems: Sequence[Problem]) -> ConfigError:
    """The error that these problems are."""
    kind = AuthConfigError if all(problem.credential for problem in problems) else ConfigError
    return kind(problems)


def _order(problem: Problem) -> tuple[str, int, int]:
    return problem.file, problem.line or 0, problem.column or 0


def dotted(path: KeyPath) -> str:
    """A path as people write it: `lightllm.transforms[0].match_host`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{printable(step)}" for step in path).removeprefix(".")


def printable(text: str) -> str:
    """The text on one line, whatever is in it."""
    return text if text.isprintable() else repr(text)[1:-1]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be, or None."""
    from difflib import get_close_matches  # slow to import, and needed only when something is wrong

    spellings = {name.lower().replace("-", "_"): name for name in known}
    found = get_close_matches(word.lower().replace("-", "_"), spellings, n=1)
    return spellings[found[0]] if found else None
