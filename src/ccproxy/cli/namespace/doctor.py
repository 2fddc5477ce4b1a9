"""`ccproxy namespace doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ccproxy import __version__
from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session
from ccproxy.cli.words import several, visible

if TYPE_CHECKING:
    from ccproxy.jail.checks.finding import House
    from ccproxy.jail.doctor import Result

EXAMPLES = [
    ("what is wrong, and the command that mends it", "ccproxy namespace doctor"),
    ("what failed, for scripts", "ccproxy namespace doctor --json | jq -r '.failures[]'"),
    ("with a tunnel, too: have a daemon running", "ccproxy start & ccproxy namespace doctor"),
]

MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failed": ("✗", "red"), "unknown": ("?", "bright_black")}
TITLE_WIDTH = 28
FIX = " " * (TITLE_WIDTH + 5)


@command("doctor", examples=EXAMPLES)
@click.option("as_json", "--json", is_flag=True, help="Print one JSON object (doctor.schema.json describes it).")
@click.pass_obj
def doctor(session: Session, as_json: bool) -> int:
    """Try out all that a jail needs, and say what mends it.

    Looks at the kernel, its settings, the TUN device, the resolver and the directories, tries each kind of namespace
    out, then builds a real jail and looks at it from inside. Sends nothing to anybody. Exit status 1 if anything
    failed; warnings are no failures.
    """
    from ccproxy.cli.namespace.house import house
    from ccproxy.jail.doctor import elsewhere, examine, failures

    if (line := elsewhere()) and not as_json:
        raise CommandError(line)
    looked_at = house(session)
    if as_json:
        results = list(examine(looked_at))
        print_json(looked_at, results)
    else:
        results, fixes = [], set[str]()
        for result in examine(looked_at):
            click.echo(told(result, repeated=result.finding.fix in fixes))
            results.append(result)
            fixes.add(result.finding.fix)
        click.echo(f"\n{verdict(results)}")
    return 1 if failures(results) else 0


def print_json(looked_at: House, results: list[Result]) -> None:
    """The object that the schema describes."""
    import json

    from ccproxy.jail import doctor, facts

    failures = doctor.failures(results)
    value: dict[str, Any] = {
        "version": doctor.VERSION,
        "ccproxy": __version__,
        "ok": not failures,
        "failures": failures,
        "system": facts.system(looked_at.distribution),
        "checks": [result.as_json() for result in results],
    }
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def told(result: Result, *, repeated: bool = False) -> str:
    """A line, and below what fails why that matters and what mends it, unless that is told already."""
    finding = result.finding
    sign, color = MARKS[finding.status]
    lines = [f"  {click.style(sign, fg=color)}  {result.check.title:<{TITLE_WIDTH}}{visible(finding.detail)}"]
    if finding.status == "failed":
        lines.append(click.style(FIX + result.check.why, dim=True))
    if finding.fix:
        lines.append(f"{FIX}{click.style('fix:', bold=True)} {'as above' if repeated else visible(finding.fix)}")
    return "\n".join(lines)


def verdict(results: list[Result]) -> str:
    """The last line."""
    counts = {status: sum(result.finding.status == status for result in results) for status in MARKS}
    if counts["failed"]:
        return click.style(f"{several(counts['failed'], 'check')} failed", fg="red", bold=True)
    notes = [f"{several(counts['warning'], 'warning')}"] if counts["warning"] else []
    notes += [f"{counts['unknown']} not known"] if counts["unknown"] else []
    return "jails work here" + (f" ({', '.join(notes)})" if notes else "")
