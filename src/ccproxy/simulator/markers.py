"""The markers by which a prompt tells the simulator what to do. `docs/simulator.md` lists them for people."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import islice
from json import JSONDecoder
from typing import Any

from . import capacity
from .capacity import Busy
from .orders import Orders, ToolOrder
from .reading import parse_json

HEAD = re.compile(
    r"\bSIM_(TOOL|THINK|ERROR_MID|ERROR|CUT|RESET|STALL|PACE|WORDS|ECHO|REFUSE|STOP|JSON|CODE|GROUND|IMAGE"
    r"|BUSY_FIRST|BUSY|QUOTA)\b[ \t]*"
)
WITH_ARGUMENTS = re.compile(
    rf"\bSIM_(?:TOOL[^\n]*|BUSY(?:_FIRST)?[ \t]+{capacity.ORDER.pattern}"
    r"|(?:STOP|QUOTA)[ \t]+\S+|[A-Z_]+(?:[ \t]+[\d.]+)*)"
)
NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,6})?")
WORD = re.compile(r"[\w.:/-]+")
TOOL_NAME = re.compile(r"[A-Za-z_][\w.:-]*")
PATH = re.compile(r"[^\s\"'`<>,;{}()\[\]]+")
LOOKS_LIKE_PATH = re.compile(r"[~./]|\w:\\|[\w.-]+[/\\]")
DECODER = JSONDecoder()
MAX_WORDS = 100_000
MAX_MARKERS = 64
MAX_SECONDS = 3600.0


def parse(text: str) -> Orders:
    """Reads the markers in `text`; markers that make no sense are ignored. Never raises."""
    orders = Orders()
    if "SIM_" not in text:
        return orders
    heads = list(islice(HEAD.finditer(text), MAX_MARKERS))
    ends = [*(head.start() for head in heads), len(text)][1:]
    for head, end in zip(heads, ends, strict=True):
        SETTERS[head[1]](orders, text[head.end() : end])
    return orders


def strip(text: str) -> str:
    """The text without its markers and their arguments, for quoting."""
    return WITH_ARGUMENTS.sub("", text) if "SIM_" in text else text


def _number(rest: str) -> float | None:
    found = NUMBER.match(rest)
    return float(found[0]) if found else None


def _set_tool(orders: Orders, rest: str) -> None:
    order = ToolOrder()
    if found := TOOL_NAME.match(rest):
        order.name, rest = found[0], rest[found.end() :]
    rest = rest.strip()
    if rest.startswith("{"):
        order.arguments = _object(rest)
    elif (found := PATH.match(rest)) and LOOKS_LIKE_PATH.match(found[0]):
        order.path = found[0].rstrip(".:!?")
    orders.tools.append(order)


def _object(rest: str) -> dict[str, Any] | None:
    """The JSON object at the start of `rest`, whatever comes behind it."""
    try:
        value = parse_json(rest[: DECODER.raw_decode(rest)[1]])
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _set_error(orders: Orders, rest: str) -> None:
    status = int(_number(rest) or 500)
    orders.error = status if 400 <= status <= 599 else 500


def _set_stall(orders: Orders, rest: str) -> None:
    numbers = [float(found) for found in NUMBER.findall(rest.partition("\n")[0])[:2]]
    orders.stall = min(numbers[0], MAX_SECONDS) if numbers else 1.0
    orders.stall_after = int(numbers[1]) if len(numbers) > 1 else 0


def _set_pace(orders: Orders, rest: str) -> None:
    rate = _number(rest)
    orders.pace = min(1 / rate, MAX_SECONDS) if rate else 0.0


def _set_stop(orders: Orders, rest: str) -> None:
    found = WORD.match(rest)
    orders.stop = found[0].rstrip(".:") if found else None


def _set_busy(orders: Orders, rest: str, first: bool = False) -> None:
    if found := capacity.ordered(rest):
        orders.busy.append(replace(found, first=first))


def _set_quota(orders: Orders, rest: str) -> None:
    if found := capacity.ordered(rest):
        orders.busy.append(Busy(found.model, spent=True))


def _count(name: str, default: int, most: int = 10**9) -> Callable[[Orders, str], None]:
    def set_count(orders: Orders, rest: str) -> None:
        number = _number(rest)
        setattr(orders, name, default if number is None else min(int(number), most))

    return set_count


def _flag(name: str) -> Callable[[Orders, str], None]:
    return lambda orders, _: setattr(orders, name, True)


SETTERS: dict[str, Callable[[Orders, str], None]] = {
    "TOOL": _set_tool,
    "THINK": _flag("think"),
    "ERROR": _set_error,
    "ERROR_MID": _count("error_after", 1),
    "CUT": _count("cut_after", 1),
    "RESET": _count("reset_after", 1),
    "STALL": _set_stall,
    "PACE": _set_pace,
    "WORDS": _count("words", 30, MAX_WORDS),
    "ECHO": _flag("echo"),
    "REFUSE": _flag("refuse"),
    "STOP": _set_stop,
    "JSON": _flag("json"),
    "CODE": _flag("code"),
    "GROUND": _flag("ground"),
    "IMAGE": _flag("image"),
    "BUSY": _set_busy,
    "BUSY_FIRST": partial(_set_busy, first=True),
    "QUOTA": _set_quota,
}
