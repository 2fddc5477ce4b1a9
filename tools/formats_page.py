"""The tables of docs/formats.md, made by running the code that they describe.

    python tools/formats_page.py [--check]

Between `<!-- NAME -->` and `<!-- / -->` in the page stands the table of that name; all else is written by hand.
--check changes nothing and exits 1 if the page is not what the code does.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import effort, server_tools
from ccproxy.lightllm.answer import Answer, collect
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.drops import RULES, Drops
from ccproxy.lightllm.events import WireError
from ccproxy.lightllm.formats import buffered_module, errors_module
from ccproxy.lightllm.translate import translate_request
from tools.formats_examples import ANSWERS, BASE, ERRORS, MODELS, REQUESTS, STOPS, answer_of

PAGE = Path(__file__).parents[1] / "docs" / "formats.md"
FORMATS = {
    WireFormat.ANTHROPIC: "Anthropic",
    WireFormat.OPENAI: "Chat",
    WireFormat.OPENAI_RESPONSES: "Responses",
    WireFormat.GEMINI: "Gemini",
}
MADE_UP = frozenset(
    {
        "id", "created", "created_at", "completed_at", "responseId",
        "frontend_uuid", "frontend_context_uuid", "dsl_query",
    }
)  # fmt: skip
WEB_MODEL = "perplexity/best"
NOTHING = "-"
LONGEST = 220
"""Characters of a cell's JSON; longer text in it is cut."""


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    columns = list(heads)
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(value: Any) -> str:
    """A JSON value as inline code in a cell."""
    text = orjson.dumps(value).decode()
    return "`" + (text if len(text) <= LONGEST else text[: LONGEST - 1] + "…").replace("|", "\\|") + "`"


def members(changed: dict[str, Any], base: dict[str, Any]) -> str:
    """What one document has that another has not, as inline code; a dash if nothing."""
    new = {name: differing(value, base.get(name)) for name, value in changed.items() if base.get(name) != value}
    return "<br>".join(f"`{name}` {code(value)}" for name, value in new.items()) or NOTHING


def differing(value: Any, base: Any) -> Any:
    """The part of a value that a base does not have: of objects and lists, only what is new."""
    if isinstance(value, dict) and isinstance(base, dict):
        return {name: differing(inner, base.get(name)) for name, inner in value.items() if base.get(name) != inner}
    if isinstance(value, list) and isinstance(base, list):
        return [item for item in value if item not in base] or value
    return value


def requests() -> str:
    """A row for each thing that a request can say: how each format says it."""
    rows = []
    for title, origin, example, *beside in REQUESTS:
        cells = []
        without = {**BASE[origin], **dict(*beside)}
        for target in FORMATS:
            base, _ = translate_request(without, origin, target, MODELS[target], False)
            body, drops = translate_request({**without, **example}, origin, target, MODELS[target], False)
            left_out = f" *({drops.header()})*" if drops else ""
            cells.append(members(body, base) + left_out)
        rows.append([title, *cells])
    return table(["", *FORMATS.values()], rows)


def perplexity() -> str:
    """A row for each thing that a request can say: what Perplexity's web application is asked."""
    rows = []
    for title, origin, example, *beside in REQUESTS:
        without = {**BASE[origin], **dict(*beside)}
        base, _ = asked_of_perplexity(origin, without)
        asked, drops = asked_of_perplexity(origin, {**without, **example})
        rows.append([title, members(asked, base), f"*{drops.header()}*" if drops else NOTHING])
    return table(["", "what is asked", "left out"], rows)


def asked_of_perplexity(origin: WireFormat, document: dict[str, Any]) -> tuple[dict[str, Any], Drops]:
    """What a payload asks, without what is made up or said twice, and what was left out."""
    payload, drops = translate_request(document, origin, WireFormat.PERPLEXITY, WEB_MODEL, False)
    params = {name: value for name, value in payload["params"].items() if name not in MADE_UP}
    return {"query_str": payload["query_str"], **params}, drops


def answers() -> str:
    """A row for each thing that an answer can hold."""
    rows = []
    base = {target: written(collect(answer_of()), target) for target in FORMATS}
    for title, events in ANSWERS:
        cells = [shown(collect(answer_of(*events)), target, base[target]) for target in FORMATS]
        rows.append([title, *cells])
    return table(["", *FORMATS.values()], rows)


def written(answer: Answer, target: WireFormat, asked: Asked | None = None) -> dict[str, Any]:
    """The parts of a body that depend on what was answered."""
    whole = buffered_module(target).write_body(answer, asked or Asked("m"))
    body: dict[str, Any] = {name: value for name, value in whole.items() if name not in MADE_UP}
    for unwrap in ("choices", "candidates"):
        if unwrap in body:
            body = {**{k: v for k, v in body.items() if k != unwrap}, **body[unwrap][0]}
    return {name: without_ids(value) for name, value in body.items()}


def without_ids(value: Any) -> Any:
    """A value without ids that were made up."""
    if isinstance(value, dict):
        return {name: without_ids(inner) for name, inner in value.items() if name != "id"}
    return [without_ids(item) for item in value] if isinstance(value, list) else value


def shown(answer: Answer, target: WireFormat, base: dict[str, Any]) -> str:
    """A cell: what the body of an answer has beside that of an empty one, and what was left out."""
    asked = Asked("m")
    cell = members(written(answer, target, asked), base)
    return cell + (f" *({asked.drops.header()})*" if asked.drops else "")


def stops() -> str:
    """A row for each reason to stop."""
    fields = {
        WireFormat.ANTHROPIC: "stop_reason",
        WireFormat.OPENAI: "finish_reason",
        WireFormat.GEMINI: "finishReason",
    }
    rows = []
    for reason, events in STOPS:
        cells = []
        for target in FORMATS:
            body = written(collect(answer_of(*events, reason=reason)), target)
            details = (body.get("incomplete_details") or {}).get("reason")
            word = body.get(fields.get(target, "status"))
            cells.append(f"`{word}`" + (f": `{details}`" if details else ""))
        rows.append([reason.value.replace("_", " "), *cells])
    return table(["", *FORMATS.values()], rows)


def errors() -> str:
    """A row for each status."""
    rows = []
    for status in ERRORS:
        cells = []
        for target in FORMATS:
            error = errors_module(target).write_error(WireError(status, "…"))["error"]
            names = [error[name] for name in ("type", "status") if error.get(name)]
            cells.append(f"`{names[0]}`")
        rows.append([str(status), *cells])
    return table(["status", *FORMATS.values()], rows)


def efforts() -> str:
    """A row for each effort."""
    return table(["effort", "thinking tokens"], [[name, f"{budget:,}"] for name, budget in effort.BUDGETS])


def server_tool_table() -> str:
    """A row for each tool that providers run."""
    rows = [
        [name.replace("_", " "), *(code(known[f]) if f in known else NOTHING for f in FORMATS)]
        for name, known in server_tools.DECLARATIONS.items()
    ]
    return table(["", *FORMATS.values()], rows)


def drops() -> str:
    """A row for each rule of what is left out."""
    return table(["rule", "what is left out, and why"], [[f"`{name}`", reason] for name, reason in RULES.items()])


TABLES: dict[str, Callable[[], str]] = {
    "requests": requests,
    "perplexity": perplexity,
    "answers": answers,
    "stops": stops,
    "errors": errors,
    "efforts": efforts,
    "server tools": server_tool_table,
    "drops": drops,
}


def rendered(page: str) -> str:
    """The page with its tables as the code has them."""

    def made(match: re.Match[str]) -> str:
        return f"<!-- {match[1]} -->\n{TABLES[match[1]]()}\n<!-- / -->"

    return re.sub(r"<!-- ([a-z ]+) -->\n.*?<!-- / -->", made, page, flags=re.DOTALL)


def main() -> int:
    """Writes the page, or compares it."""
    page = PAGE.read_text()
    current = rendered(page)
    if "--check" in sys.argv[1:]:
        if current != page:
            print(f"{PAGE.name} is not what the code does: run `make tables`", file=sys.stderr)
        return int(current != page)
    PAGE.write_text(current)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
