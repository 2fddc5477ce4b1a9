"""One exchange told as a story: what was asked, what hooks made of it, where it went, what came back."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import datetime

import click

from ccproxy.cli.flows.answer import answer_lines
from ccproxy.cli.flows.table import Summary, status
from ccproxy.cli.words import dollars, duration, moment, size, visible

MARKS = {"ran": ("●", "green"), "skipped": ("○", "bright_black"), "failed": ("✗", "red")}
TOKENS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
STAGES = {
    "inbound": "hooks before the route",
    "outbound": "hooks before it left",
    "response": "hooks on the answer",
}


def story(flow: Summary, now: datetime, width: int) -> str:
    """The lines for people; `flow` as GET /flows/ID tells it, `width` in characters."""
    chapters = [
        [headline(flow), *facts(asked(flow, now))],
        hooks(flow, "inbound"),
        chapter("route", facts(routed(flow))),
        hooks(flow, "outbound"),
        chapter("answer", [*facts(answered(flow)), *answer_lines(flow, width)]),
        hooks(flow, "response"),
    ]
    return "\n\n".join("\n".join(lines) for lines in chapters if lines)


def headline(flow: Summary) -> str:
    """Method, path and status."""
    code = status(flow)
    request = click.style(f"{visible(flow['method'])} {visible(flow['path'])}", bold=True)
    return f"{request}  {click.style(code.text, fg=code.style)}"


def chapter(title: str, lines: list[str]) -> list[str]:
    """Lines below a heading; nothing if there are none."""
    return [click.style(title, bold=True), *lines] if lines else []


def facts(pairs: Iterator[tuple[str, str | None]]) -> list[str]:
    """`name  text`, a line each; what is not known is left out."""
    return [f"  {name:<14}{visible(text)}" for name, text in pairs if text]


def asked(flow: Summary, now: datetime) -> Iterator[tuple[str, str | None]]:
    """Who asked for what."""
    yield "id", flow["id"]
    yield "time", moment(flow["time"], now)
    yield "client", " at ".join(filter(None, [flow["user_agent"], flow["client"]]))
    yield "jail", flow["jail"]
    yield "command", shlex.join(flow["process"]["command"]) if flow.get("process") else None
    yield "pid", str(flow["process"]["pid"]) if flow.get("process") else None
    yield "meant for", flow.get("destination")
    yield "client TLS", client_tls(flow)
    yield "model", flow["model"]
    manner = ", as a stream" if flow["stream"] else ""
    yield (
        "body",
        f"{size(flow['request_bytes'])}{manner}{left(flow, 'client_request')}" if flow["request_bytes"] else None,
    )
    yield "session", flow["session"]
    yield "conversation", flow["conversation"]
    yield "continues", flow.get("parent")
    yield "thread", flow.get("thread")
    yield "system prompt", flow["system_hash"]
    yield "tags", ", ".join(f"{name}={value}" for name, value in flow["tags"].items())


def client_tls(flow: Summary) -> str | None:
    """What the client's TLS is called."""
    told = flow.get("client_tls")
    return f"JA4 {told['ja4']}" if told and told.get("ja4") else None


def routed(flow: Summary) -> Iterator[tuple[str, str | None]]:
    """Where it went, and why."""
    action = flow["action"]
    if action is None:
        return
    yield action, " ".join(filter(None, [flow["provider"], f"({flow['reason']})"]))
    if action != "local":
        yield "url", flow["url"]
        yield "sent by", carried(flow)
    yield "model", flow["dest_model"] if flow["dest_model"] != flow["model"] else None
    yield "left out", ", ".join(f"{name} ({count})" for name, count in flow["dropped"].items())


def answered(flow: Summary) -> Iterator[tuple[str, str | None]]:
    """What came back, and when."""
    talk = flow.get("talk") or {}
    status = str(flow["status"] or talk.get("status") or "")
    yield "status", status if flow["done"] else ", ".join(filter(None, [status, "under way"]))
    error = flow["error"]
    yield "error", ": ".join(filter(None, [error["kind"], error["message"]])) if error else None
    yield "refusal", flow.get("refusal")
    yield from attempts(flow)
    yield "answered by", answering(flow)
    yield "first byte", after(flow["first_byte_ms"])
    yield "whole", after(flow["total_ms"])
    told = f"{size(flow['response_bytes'])}{left(flow, 'client_response')}"
    yield "body", told if flow["response_bytes"] else None
    yield "answers", ", ".join(talk.get("answers") or ())
    yield "messages", messages(talk)
    yield "closed with", str(talk["close_code"]) if talk.get("close_code") else None
    yield "tokens", used(flow)
    yield "cost", cost(flow)


def left(flow: Summary, name: str) -> str:
    """How much of a body was kept, where that is not all."""
    body = flow["bodies"][name]
    if not body or not body["truncated"]:
        return ""
    return ", not all of which was kept" if body["text"] else ", not kept"


def attempts(flow: Summary) -> Iterator[tuple[str, str | None]]:
    """Each sending, where there was more than one or something is to be said of it."""
    tries = flow.get("tries") or []
    if len(tries) < 2 and not any(each["note"] for each in tries):
        return
    for number, each in enumerate(tries, 1):
        outcome = each["status"] or (f"{each['error']['kind']}" if each["error"] else "under way")
        when = f" {after(each['ms'])}" if each["ms"] is not None else ""
        yield f"attempt {number}", f"{outcome}{when}{f': {each["note"]}' if each['note'] else ''}"


def answering(flow: Summary) -> str | None:
    """The model that answered, where another was asked for and the route does not say so already."""
    model, asked = flow.get("answered_model"), flow["model"] or flow["dest_model"]
    if not model or model == asked or (model == flow["dest_model"] and len(flow.get("tries") or ()) < 2):
        return None
    return f"{model}, asked for {asked}" if asked else model


def messages(talk: Summary) -> str | None:
    """How many messages or pieces there were."""
    if not talk:
        return None
    cut = f", and {size(talk['dropped'])} that were not kept" if talk["dropped"] else ""
    return f"{talk['messages']}{cut}"


def after(milliseconds: float | None) -> str | None:
    """A time counted from the request's first byte."""
    return f"after {duration(milliseconds)}" if milliseconds is not None else None


def used(flow: Summary) -> str | None:
    """The tokens that the provider counted; as in the table, those written to its cache count as in."""
    usage = flow["usage"]
    if not usage:
        return None
    taken, given, read, written = (usage.get(name) for name in TOKENS)
    of_these = f" ({written:,} of these written to the cache)" if written else ""
    parts = [f"{counted(taken, written or 0)} in{of_these}", f"{counted(given)} out"]
    return ", ".join([*parts, *([f"{read:,} read from the cache"] if read else [])])


def counted(count: int | None, more: int = 0) -> str:
    """A number that may not be known."""
    return "?" if count is None else f"{count + more:,}"


def cost(flow: Summary) -> str | None:
    """What the tokens cost by the list prices."""
    told = flow.get("cost")
    return f"{dollars(told['usd'])} ({told['model']} of {told['provider']})" if told else None


def carried(flow: Summary) -> str | None:
    """By which protocol it was sent, and whether the connection was warm; nothing if it was not sent."""
    tries, answer = flow.get("tries"), flow["response"] or flow["request"]
    if not tries or flow["protocol"] != "http":
        return None
    return f"{answer['http_version']}, on {'an open' if tries[-1]['reused'] else 'a new'} connection"


def hooks(flow: Summary, stage: str) -> list[str]:
    """What became of the hooks of a stage."""
    results = [result for result in flow["hooks"] if result["stage"] == stage]
    width = max((len(visible(result["name"])) for result in results), default=0)
    return chapter(STAGES[stage], [hook_line(result, width) for result in results])


def hook_line(result: Summary, width: int) -> str:
    """`● mask  ran  0.4 ms  wrote messages`."""
    sign, color = MARKS[result["outcome"]]
    wrote = f"wrote {', '.join(result['wrote'])}" if result["wrote"] else ""
    tail = visible("; ".join(filter(None, [result["reason"], wrote])))
    end = f"  {click.style(tail, dim=True)}" if tail else ""
    name, time = visible(result["name"]), duration(result["ms"])
    return f"  {click.style(sign, fg=color)} {name:<{width}}  {result['outcome']:<7}  {time:>7}{end}"
