"""What the model sets out to do, and what it does for that, as thinking: a goal a paragraph, a step a line.

Goals grow, each for itself. A step is told once, with as much as is known of it when the next one begins, so that what
it found is told too.
"""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.perplexity.draft import Draft
from ccproxy.lightllm.perplexity.plan_document import Entries, PlanDocument
from ccproxy.lightllm.perplexity.sources import Sources
from ccproxy.lightllm.perplexity.step_lines import Lines
from ccproxy.lightllm.perplexity.steps import Step, content_of, merged, questions, results

type Told = list[tuple[str, str]]
"""What there is to tell, mostly nothing: what stands between a piece and the one before it, and the piece."""


class Plan:
    """The goals and steps of an answer."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._lines = Lines()
        self._documents: dict[str, PlanDocument] = {}
        self._goals: dict[str, Draft] = {}
        self._steps: dict[str, Step] = {}
        self._seen: dict[str, Step] = {}
        """Steps as they were read last: most lists repeat what the one before had."""
        self._told: set[str] = set()
        self._waiting = ""
        """The step of which more may come."""
        self._writing = ""
        """The goal whose paragraph is open."""
        self._asked: dict[str, list[str]] = {}

    @property
    def questions(self) -> list[str]:
        """What the user is asked back."""
        return [question for asked in self._asked.values() for question in asked]

    def read_block(self, usage: str, block: dict[str, Any]) -> Told:
        """Takes a `plan_block`, whose place among the blocks is `usage`."""
        goals, steps = self._document(usage).replace(block)
        out: Told = []
        others: Entries = []
        taken: dict[str, Entries] = {id: [] for id, _ in goals}
        for entry in steps:
            taken.get(_goal_of(entry[1]), others).append(entry)
        for id, goal in goals:
            out += self._goal(id, goal.get("description"), extends=False)
            out += [told for key, step in taken.pop(id, []) for told in self._known_step(key, step)]
        return [*out, *(told for key, step in others for told in self._known_step(key, step))]

    def read_patch(self, usage: str, path: Any, value: Any) -> Told:
        """Takes a patch of one. Raises nothing: a patch that fits nothing says nothing."""
        if path == "" and isinstance(value, dict):
            return self.read_block(usage, value)
        if not isinstance(path, str):
            return []
        kind, _, rest = path.removeprefix("/").partition("/")
        if not rest and isinstance(value, list):
            return self.read_block(usage, {kind: value})
        changed = self._document(usage).put(kind, rest, value)
        member = rest.partition("/")[2]
        if changed is None or (kind == "goals" and member and not member.startswith("description")):
            return []
        key, entry = changed
        if kind == "steps":
            return self._step(key, entry)
        return self._goal(key, entry.get("description"), extends=isinstance(value, str))

    def read_steps(self, steps: Any) -> Told:
        """Takes a list of steps."""
        return self.read_block("", {"steps": steps})

    def finish(self) -> Told:
        """No more can be said of the step that waits."""
        key, self._waiting = self._waiting, ""
        if not key:
            return []
        self._told.add(key)
        line = self._lines.line(self._steps[key])
        if not line:
            return []
        self._writing = ""
        return [("\n", line)]

    def _document(self, usage: str) -> PlanDocument:
        if usage not in self._documents:
            self._documents[usage] = PlanDocument(usage)
        return self._documents[usage]

    def _goal(self, id: str, text: Any, *, extends: bool) -> Told:
        if not isinstance(text, str) or not text:
            return []
        draft = self._goals.setdefault(id, Draft())
        if extends and not (text.startswith(draft.text) or draft.text.startswith(text)):
            draft.append(text)
        else:
            draft.cumulative(text)
        more, rewritten = draft.take()
        if not more:
            return []
        before = self.finish() if len(more) == draft.length else []
        between = "" if self._writing == id and not rewritten else "\n\n"
        self._writing = id
        return [*before, (between, more)]

    def _known_step(self, key: str, step: Step) -> Told:
        if self._seen.get(key) == step:
            return []
        self._seen[key] = step
        return self._step(key, step)

    def _step(self, key: str, step: Step) -> Told:
        self._steps[key] = step = merged(self._steps.get(key, {}), step)
        if asked := questions(step):
            self._asked[key] = asked
        self._sources.read_step(results(step))
        if key in self._told or key == self._waiting:
            return []
        before = self.finish()
        self._waiting = key
        return before


def _goal_of(step: Step) -> str:
    goal = step.get("goal_id", content_of(step).get("goal_id"))
    return str(goal) if isinstance(goal, str | int) else ""
