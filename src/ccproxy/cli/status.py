"""`ccproxy status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ccproxy.cli.grammar import CommandError, command
from ccproxy.cli.session import Session

if TYPE_CHECKING:
    from ccproxy.cli.report import Report

EXAMPLES = [
    ("everything at a glance", "ccproxy status"),
    ("for scripts", "ccproxy status --json | jq -r .inspector.inspect_url"),
    (
        "as a health check: exit status 1 if the proxy is down, plus 2 for the inspector, plus 4 for MCP",
        "ccproxy status --proxy",
    ),
    ("the order of the hooks as Mermaid diagrams, or of one stage", "ccproxy status --mermaid=inbound"),
    ("wait until it is up", "until ccproxy status --proxy; do sleep 0.1; done"),
]

BITS = {"proxy": 1, "inspector": 2, "mcp": 4}
ALL_STAGES = "all"
STAGES = ("inbound", "outbound", "response")


@command("status", examples=EXAMPLES)
@click.option("as_json", "--json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--mermaid",
    metavar="[STAGE]",
    type=click.Choice([*STAGES, ALL_STAGES]),
    is_flag=False,
    flag_value=ALL_STAGES,
    help="Print the order of the hooks as Mermaid diagrams: of all stages, or of inbound, outbound or response.",
)
@click.option("--proxy", is_flag=True, help="Print nothing; exit status has 1 if the proxy is down.")
@click.option("inspector", "--inspect", is_flag=True, help="Print nothing; exit status has 2 if the inspector is down.")
@click.option("--mcp", is_flag=True, help="Print nothing; exit status has 4 if the MCP server is down.")
@click.pass_obj
def status(session: Session, /, as_json: bool, mermaid: str | None, **asked: bool) -> int:
    """Show what is running, and where.

    A running daemon is asked itself, so the ports are the real ones. A broken ccproxy.yaml is shown with its problems.
    """
    from ccproxy.cli.report import Report

    report = Report(session)
    if any(asked.values()):
        return sum(BITS[part] for part, wanted in asked.items() if wanted and not report.is_up(part))
    if mermaid is not None:
        click.echo(diagrams(report, mermaid), nl=False)
        return 0
    if as_json:
        import json

        click.echo(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
        return 0
    from ccproxy.cli.overview import overview

    click.echo(overview(report))
    return 0


def diagrams(report: Report, stage: str) -> str:
    """The diagram of a stage, or of all. Raises CommandError where the hooks cannot be known."""
    from ccproxy.pipeline import mermaid

    if not report.pipeline:
        raise CommandError("the order of the hooks is not known", *report.problems)
    return mermaid.diagrams(report.pipeline) if stage == ALL_STAGES else mermaid.diagram(stage, report.pipeline[stage])
