"""What a search has found: what the answer's markers `[N]` stand for, counted from 1."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.events import Citation
from ccproxy.lightllm.perplexity.results import Result, identity, link, listed, text_of


class Sources:
    """The results of an answer's searches, as they become known.

    What a client has been told of a number stays so, as far as it can: a list that says otherwise gives way there.
    """

    def __init__(self) -> None:
        self._results: list[Result] = []
        self._known: set[str | None] = set()
        """What those are, or have been."""
        self._own = False
        """True once results have come in the block that is theirs, and not only with a step."""
        self._listed = False
        """True once the open event has had a list in that block."""
        self._cited: dict[int, tuple[int, int]] = {}
        self._told: set[int] = set()
        self.growing = True
        """True as long as more may come: a marker without a result may get one yet."""

    def begin(self) -> None:
        """Another event begins: its lists, all together, are what has been found."""
        self._listed = False

    def read_block(self, block: dict[str, Any]) -> None:
        """Takes a `web_result_block`."""
        listed, self._listed = self._listed, self._listed or isinstance(block.get("web_results"), list)
        self._read(block, listed)

    def read_patch(self, path: Any, value: Any) -> None:
        """Takes a patch of the block."""
        if path == "" and isinstance(value, dict):
            self._read(value)
        elif path == "/web_results" and isinstance(value, list):
            self._read({"web_results": value})
        elif isinstance(path, str) and path.startswith("/web_results/") and isinstance(value, dict):
            number = path.removeprefix("/web_results/")
            self._put(int(number) if len(number) < 5 and number.isdecimal() else len(self._results), value)
        elif path == "/progress":
            self.growing = value != "DONE"

    def read_step(self, results: list[Any]) -> None:
        """Results that came with a step: they count as long as there are no others. What is new comes behind."""
        if self._own or not results:
            return
        new = listed(results)
        if self._goes_on(new):
            self._overlay(new)
        else:
            self._append(new)
        self.growing = False

    def knows(self, number: int) -> bool:
        """True if there is a result of this number."""
        return 1 <= number <= len(self._results)

    def may_get(self, number: int) -> bool:
        """True if there is none yet, but may be."""
        return self.growing and not self.knows(number)

    def link(self, number: int) -> str | None:
        """The URL of a result as it may stand in Markdown; None for one that has none."""
        return link(self._results[number - 1])

    def is_cited(self, number: int) -> bool:
        """True once it is noted which characters a result backs."""
        return number in self._cited

    def cite(self, number: int, place: tuple[int, int] | None) -> None:
        """Notes that a client is told of a result, and which characters of the text it backs; the first place counts.

        Args:
            number: the marker's.
            place: the first character and the end; None if nobody knows.
        """
        if self.knows(number):
            self._told.add(number)
        if place is not None:
            self._cited.setdefault(number, place)

    def citations(self) -> list[Citation]:
        """Each source once, in the order of their numbers, with its place where it is cited."""
        found: dict[str, Citation] = {}
        for number, result in enumerate(self._results, 1):
            url, title, text = text_of(result, "url"), text_of(result, "name", "title"), text_of(result, "snippet")
            if not (url or title or text):
                continue
            citation = Citation("web" if url else "file", url, title, text, origin=WireFormat.PERPLEXITY)
            known = found.setdefault(url or title or text or "", citation)
            if known.start is None and number in self._cited:
                known.start, known.end = self._cited[number]
        return list(found.values())

    def _read(self, block: dict[str, Any], more: bool = False) -> None:
        if isinstance(results := block.get("web_results"), list):
            self._take(listed(results), more)
        progress = block.get("progress")
        if results or progress == "DONE":
            self.growing = progress == "IN_PROGRESS"

    def _take(self, new: list[Result], more: bool) -> None:
        """A list of their own. The last one counts, but one that is the beginning of the known one is old."""
        if more:
            self._append(new)
            return
        if not new or (self._own and self._goes_on(new)):
            self._overlay(new)
            return
        new += self._results[len(new) : max(self._told, default=0)]
        old, self._results, self._known, self._own = self._results, new, set(map(identity, new)), True
        moved: list[Result] = []
        for at in sorted(number - 1 for number in self._told):
            if identity(new[at]) != identity(old[at]):
                moved.append(new[at])
                new[at] = old[at]
        there = set(map(identity, new))
        self._known |= there
        new += [each for each in moved if identity(each) not in there]

    def _overlay(self, new: list[Result]) -> None:
        self._results[: len(new)] = new
        self._known.update(map(identity, new))

    def _append(self, new: list[Result]) -> None:
        self._results += [each for each in new if identity(each) not in self._known]
        self._known.update(map(identity, new))

    def _put(self, number: int, result: Result) -> None:
        self._own = True
        self._known.add(identity(result))
        told = number + 1 in self._told and identity(self._results[number]) != identity(result)
        if number < len(self._results) and not told:
            self._results[number] = result
        else:
            self._results.append(result)

    def _goes_on(self, new: list[Result]) -> bool:
        """True if a list is the known one, as far as both go."""
        return all(identity(one) == identity(other) for one, other in zip(new, self._results, strict=False))
