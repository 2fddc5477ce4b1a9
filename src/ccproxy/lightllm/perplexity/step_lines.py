"""Steps as lines of thinking: an arrow to the right is for what goes out, one to the left for what came."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ccproxy.lightllm.perplexity.steps import ASKING, Content, Step, content_of, kind_of, said, texts, words

SILENT = frozenset({"INITIAL_QUERY", "FINAL"})
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
        sign, title, detail = STEPS.get(kind) or ("•", title_of(kind), summary)
        about = detail(content)
        return f"{sign} {title}: {about}" if about else f"{sign} {title}"


def title_of(kind: str) -> str:
    """A type that nobody here knows, in words: `Juggle oranges`."""
    return words(kind.replace("_", " ")).capitalize() or "Step"


def tool(content: Content) -> str:
    """The name of a tool, with the application's that has it."""
    names = (words(content.get("app")), words(content.get("tool_name")) or words(content.get("tool_id")))
    return " ".join(filter(None, names))


def summary(content: Content) -> str:
    """What can be said of a step that nobody here knows."""
    return said("tool_input_summary", "summary", "description", "title", "text", "goal")(content)


def listed(*names: str) -> Callable[[Content], str]:
    """The members of a list of texts, or of objects that have one."""
    return lambda content: _joined(next((found for name in names if (found := texts(content.get(name)))), []))


def _joined(texts: list[str]) -> str:
    more = f" and {len(texts) - MOST} more" if len(texts) > MOST else ""
    return ", ".join(texts[:MOST]) + more


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
