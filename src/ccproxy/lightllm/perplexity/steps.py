"""What the web application does before it answers: each step as a line of thinking, and questions that it asks back.

A step is `{uuid, step_type, <step_type in small letters>_content | content}`; `tool_name` and `tool_input_summary`
beside its content fill what that leaves out. An arrow to the right is for what goes out, one to the left for what came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

type Step = dict[str, Any]
type Content = Mapping[str, Any]

SILENT = frozenset({"INITIAL_QUERY", "FINAL"})
ASKING = frozenset({"RESEARCH_CLARIFYING_QUESTIONS", "CLARIFYING_QUESTIONS"})
LONGEST = 500
"""Characters of what a line says of one thing."""
MOST = 8
"""How many things a line names."""


class Lines:
    """Makes lines of steps. The output of a tool names the tool by the step that called it."""

    def __init__(self) -> None:
        self._tool = ""

    def line(self, step: Step) -> str:
        """What is told of a step; empty for one of which nothing is."""
        kind, content = kind_of(step), content_of(step)
        if kind in SILENT or kind in ASKING or not kind:
            return ""
        if kind == "MCP_TOOL_INPUT":
            self._tool = tool(content)
        elif kind == "MCP_TOOL_OUTPUT" and not tool(content):
            content = {**content, "tool_name": self._tool}
        sign, title, detail = STEPS.get(kind, ("•", f"[{kind}]", summary))
        said = detail(content)
        return f"{sign} {title}: {said}" if said else f"{sign} {title}"


def kind_of(step: Step) -> str:
    """The step's type, in capital letters."""
    kind = step.get("step_type")
    return kind.upper() if isinstance(kind, str) else ""


def content_of(step: Step) -> dict[str, Any]:
    """What a step is about."""
    inner = step.get(f"{kind_of(step).lower()}_content") or step.get("content")
    outer = {name: step[name] for name in ("tool_name", "tool_input_summary") if step.get(name)}
    return {**outer, **{name: value for name, value in inner.items() if value}} if isinstance(inner, dict) else outer


def questions(step: Step) -> list[str]:
    """What the user is asked back."""
    if kind_of(step) not in ASKING:
        return []
    content = content_of(step)
    return _texts(content.get("questions") or content.get("clarifying_questions"), "question", "text", "title")


def results(step: Step) -> list[Any]:
    """What a search found."""
    found = content_of(step).get("web_results")
    return found if isinstance(found, list) else []


def tool(content: Content) -> str:
    """The name of a tool, with the application's that has it."""
    names = (words(content.get("app")), words(content.get("tool_name")) or words(content.get("tool_id")))
    return " ".join(filter(None, names))


def words(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, dict | list):
        value = orjson.dumps(value, default=str).decode() if value else ""
    text = " ".join(str(value).split()) if value is not None and not isinstance(value, bool) else ""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def summary(content: Content) -> str:
    """What can be said of a step that nobody here knows."""
    return said("tool_input_summary", "summary", "description", "title", "text", "goal")(content)


def said(*names: str) -> Callable[[Content], str]:
    """The first of these members that says something."""
    return lambda content: next((text for name in names if (text := words(content.get(name)))), "")


def listed(*names: str) -> Callable[[Content], str]:
    """The members of a list of texts, or of objects that have one."""
    return lambda content: _joined(next((found for name in names if (found := _texts(content.get(name)))), []))


def _joined(texts: list[str]) -> str:
    more = f" and {len(texts) - MOST} more" if len(texts) > MOST else ""
    return ", ".join(texts[:MOST]) + more


def _texts(value: Any, *names: str) -> list[str]:
    each = value if isinstance(value, list) else [value]
    names = names or ("query", "url", "name", "filename", "title", "text")
    return [text for one in each if (text := said(*names)(one) if isinstance(one, dict) else words(one))]


def _count(content: Content) -> str:
    found = content.get("web_results")
    number = len(found) if isinstance(found, list) else content.get("count")
    return f"{number}" if isinstance(number, int) else ""


def _call(content: Content) -> str:
    given = words(content.get("tool_input_summary")) or words(content.get("tool_args"))
    asked = " (needs approval)" if content.get("request_user_approval") else ""
    return f"{tool(content)} {given}".strip() + asked


def _output(content: Content) -> str:
    return " ".join(filter(None, (tool(content), words(content.get("status")), words(content.get("content")))))


STEPS: Mapping[str, tuple[str, str, Callable[[Content], str]]] = {
    "TERMINATE": ("■", "Finished", summary),
    "ATTACHMENT": ("→", "Reading a file", said("name", "filename")),
    "SEARCH_WEB": ("→", "Searching", listed("queries", "query")),
    "WEB_RESULTS": ("←", "Results", _count),
    "READ_RESULTS": ("→", "Reading", listed("urls")),
    "GET_URL_CONTENT": ("→", "Reading", said("url")),
    "MCP_TOOL_INPUT": ("→", "Tool", _call),
    "MCP_TOOL_OUTPUT": ("←", "Tool", _output),
    "COMET_AGENT_TOOL_INPUT": ("→", "Browser agent", _call),
    "COMET_AGENT_TOOL_OUTPUT": ("←", "Browser agent", _output),
    "BROWSER_SEARCH": ("→", "Searching in the browser", listed("queries", "query")),
    "SEARCH_BROWSER": ("→", "Searching in the browser", listed("queries", "query")),
    "URL_NAVIGATE": ("→", "Opening", said("url")),
    "BROWSER_OPEN_TAB": ("→", "Opening a tab", said("url", "title")),
    "BROWSER_GET_SITE_CONTENT": ("→", "Reading a page", said("url", "title")),
    "CODE": ("→", "Running code", said("language")),
    "GENERATE_IMAGE": ("→", "Making an image", said("prompt")),
    "GENERATE_IMAGE_RESULTS": ("←", "Image made", summary),
    "CREATE_CHART": ("→", "Making a chart", summary),
    "CREATE_TASKS": ("→", "Planning tasks", listed("tasks")),
    "READ_CALENDAR": ("→", "Reading the calendar", summary),
    "UPDATE_CALENDAR": ("→", "Changing the calendar", summary),
    "READ_EMAIL": ("→", "Reading mail", summary),
    "SEND_EMAIL": ("→", "Sending mail", summary),
}
"""Of each type of step: which way something goes, what is done, and with what."""


def merged(old: Step, new: Step) -> Step:
    """A step with all that is known of it: what comes later is fuller, where it says anything."""
    if not old:
        return new
    said = {name: value for name, value in new.items() if value}
    inner = {n: {**old[n], **v} for n, v in said.items() if isinstance(v, dict) and isinstance(old.get(n), dict)}
    return {**old, **said, **inner}
