"""The forms in which spending is printed."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import Any

import pytest

from ccproxy.cli.usage_plot import divided, drawn, legend, unit_of
from ccproxy.cli.usage_text import as_csv, as_json, show_remarks, show_table
from ccproxy.cli.words import dollars
from ccproxy.flows.usage.spending import spent


def flow(day: int, model: str, usd: str | None, session: str | None = None) -> dict[str, Any]:
    usage = {"input_tokens": 12_345, "output_tokens": 10, "cache_read_input_tokens": 0}
    told = {"id": f"f-{day}", "time": f"2026-11-{day:02}T12:00:00+00:00", "model": model, "session": session}
    return told | {"usage": usage, "cost": {"usd": usd} if usd else None, "status": 200}


FLOWS = [flow(1, "dear", "1.5"), flow(2, "cheap", "0.000123", 's,"1'), flow(2, "own", None), flow(3, "dear", "0.25")]


def test_a_table_with_a_sum(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(["model"], *spent(FLOWS, ["model"]))
    printed = capsys.readouterr()
    assert [line.split() for line in printed.out.splitlines()] == [
        ["MODEL", "REQUESTS", "FAILED", "INPUT", "CACHED", "WRITTEN", "OUTPUT", "COST", "UNPRICED"],
        ["dear", "2", "-", "24,690", "-", "-", "20", "$1.75", "-"],
        ["cheap", "1", "-", "12,345", "-", "-", "10", "$0.00012", "-"],
        ["own", "1", "-", "12,345", "-", "-", "10", "-", "1"],
        ["total", "4", "-", "49,380", "-", "-", "40", "$1.75", "1"],
    ]
    assert printed.err == ""


def test_what_is_to_be_known_of_the_amounts(capsys: pytest.CaptureFixture[str]) -> None:
    show_remarks(spent([*FLOWS, flow(4, "\x1b[31mmine", None)], ["model"])[1])
    missing, whose = capsys.readouterr().err.splitlines()
    assert missing == "2 requests without a known price, not in the cost: own, \\x1b[31mmine"
    assert whose.endswith("not your bill")
    show_remarks(spent([], ["model"])[1])
    assert capsys.readouterr().err == ""


def test_csv_and_json_are_exact() -> None:
    groups, total = spent(FLOWS, ["session", "model"])
    lines = list(csv.DictReader(io.StringIO(as_csv(["session", "model"], groups), newline="")))
    assert {line["session"] for line in lines} == {"", 's,"1'}
    assert [line["cost_usd"] for line in lines] == ["1.75", "", "0.000123"]
    assert as_csv(["model"], {}).endswith("first,last\r\n")
    document = json.loads(as_json(["session", "model"], groups, total))
    assert document["groups"][0] | {"model": "dear", "session": None, "cost_usd": "1.75"} == document["groups"][0]
    assert document["total"]["cost_usd"] == "1.750123"
    assert document["prices"].startswith("genai-prices ")


@pytest.mark.parametrize("columns", [20, 60, 200])
def test_bars_fit(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for by, first in ((["day"], 3), (["model"], 2), (["day", "model"], 3)):
        title, *bars = drawn(by, *spent(FLOWS, by)).splitlines()
        assert "US dollars by" in title
        assert len(bars) == first
        assert max(map(len, bars)) <= max(columns, 30)
        assert bars[0].split()[-1] == ("1.50" if by[0] == "day" else "1.75")


def test_bars_of_tokens_where_no_price_is_known() -> None:
    picture = drawn(["model"], *spent([flow(1, "\x1b[31mown", None)], ["model"]))
    assert "tokens" in picture
    assert picture.endswith(" 12355")
    assert "\x1b" not in picture


@pytest.mark.parametrize("width", [28, 58, 158])
def test_the_legend_fits(width: int) -> None:
    names = legend(["a", "a-model-with-a-long-name", "another-model-with-a-longer-name", "others"], width)
    assert sum(len(name) + 5 for name in names) < max(width, 38)
    assert names[0] == "a"


def test_parts_of_bars() -> None:
    values = {("d1", f"m{number}"): Decimal(number) for number in range(1, 10)} | {("d2", None): Decimal(100)}
    names, parts = divided(values)
    assert names == ["d1", "d2"]
    assert list(parts) == ["-", "m9", "m8", "m7", "m6", "m5", "others"]
    assert parts["others"] == [10, 0]
    assert parts["-"] == [0, 100]


def test_amounts() -> None:
    amounts = ("0", "0.0000000012", "0.00012345", "0.0123", "0.5", "0.99996", "1", "1234.5")
    shown = ["$0", "$0.0000000012", "$0.00012", "$0.0123", "$0.5000", "$1.00", "$1.00", "$1,234.50"]
    assert [dollars(amount) for amount in (*amounts, None)] == [*shown, ""]
    assert [dollars(amount) for amount in ("0.000994", "0.000996", "0.0009", "-0.5")] == [
        "$0.00099", "$0.0010", "$0.00090", "$-0.5000"
    ]  # fmt: skip
    units = [unit_of(Decimal(amount), priced=True).name for amount in ("1", "0.9", "0.01")]
    assert units == ["US dollars", "US cents", "millionths of a US dollar"]
