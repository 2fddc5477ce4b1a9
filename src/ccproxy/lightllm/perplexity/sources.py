"""What a search has found: what the answer's markers `[N]` stand for, counted from 1."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.events import Citation

LINKED = ("http://", "https://")
"""How the URLs begin that a client is given as links."""
ESCAPES = str.maketrans({"(": "%28", ")": "%29", "<": "%3C", ">": "%3E", " ": "%20", "\n": "", "\r": "", "\t": ""})
"""What would end a link in Markdown."""


class Sources:
    """The results of an answer's searches, as they become known."""

    def __init__(self) -> None:
        self._results: list[dict[str, Any]] = []
        self._own = False
        """True once results have come in the block that is theirs, and not only with a step."""
        self._cited: dict[int, tuple[int, int]] = {}
        self.growing = True
        """True as long as more may come: a marker without a result may get one yet."""
        self.version = 0
        """Another number whenever something has changed."""

    def read_block(self, block: dict[str, Any]) -> None:
        """Takes a `web_result_block`, or as much of it as a patch tells."""
        if isinstance(results := block.get("web_results"), list):
            self._take(results)
        progress = block.get("progress")
        if results or progress == "DONE":
            self._settled(progress != "IN_PROGRESS")

    def read_patch(self, path: Any, value: Any) -> None:
        """Takes a patch of the block."""
        if path == "" and isinstance(value, dict):
            self.read_block(value)
        elif path == "/web_results" and isinstance(value, list):
            self._take(value)
            self._settled(True)
        elif isinstance(path, str) and path.startswith("/web_results/") and isinstance(value, dict):
            number = path.removeprefix("/web_results/")
            self._put(int(number) if len(number) < 5 and number.isdecimal() else len(self._results), value)
        elif path == "/progress":
            self._settled(value == "DONE")

    def read_step(self, results: list[Any]) -> None:
        """Results that came with a step: they count as long as there are no others."""
        if not self._own and results:
            self._merge(results)
            self._settled(True)

    def knows(self, number: int) -> bool:
        """True if there is a result of this number."""
        return 1 <= number <= len(self._results)

    def link(self, number: int) -> str | None:
        """The URL of a result as it may stand in Markdown; None for one that has none."""
        url = _text(self._results[number - 1], "url")
        return url.translate(ESCAPES) if url and url.lower().startswith(LINKED) else None

    def is_cited(self, number: int) -> bool:
        """True once it is noted which characters a result backs."""
        return number in self._cited

    def cite(self, number: int, start: int, end: int) -> None:
        """Notes which characters of the text a result backs; the first place counts."""
        self._cited.setdefault(number, (start, end))

    def citations(self) -> list[Citation]:
        """Each source once, in the order of their numbers, with its place where it is cited."""
        found: dict[str, Citation] = {}
        for number, result in enumerate(self._results, 1):
            url, title, text = _text(result, "url"), _text(result, "name", "title"), _text(result, "snippet")
            if not (url or title or text):
                continue
            citation = Citation("web" if url else "file", url, title, text, origin=WireFormat.PERPLEXITY)
            known = found.setdefault(url or title or text or "", citation)
            if known.start is None and number in self._cited:
                known.start, known.end = self._cited[number]
        return list(found.values())

    def _settled(self, settled: bool) -> None:
        if self.growing is settled:
            self.growing = not settled
            self.version += 1

    def _take(self, results: list[Any]) -> None:
        if not self._own:
            self._own = True
            self._results = []
        self._merge(results)

    def _merge(self, results: list[Any]) -> None:
        """A list that begins as the known one does is the same list, as far as it goes; another comes behind it."""
        new = [each if isinstance(each, dict) else {} for each in results]
        if not self._results or (new and new[0].get("url") == self._results[0].get("url")):
            self._results[: len(new)] = new
        else:
            known = {_text(each, "url") for each in self._results}
            self._results += [each for each in new if _text(each, "url") not in known]
        self.version += 1

    def _put(self, number: int, result: dict[str, Any]) -> None:
        self._own = True
        if number < len(self._results):
            self._results[number] = result
        else:
            self._results.append(result)
        self.version += 1


def _text(result: dict[str, Any], *names: str) -> str | None:
    return next((value for name in names if isinstance(value := result.get(name), str) and value), None)
