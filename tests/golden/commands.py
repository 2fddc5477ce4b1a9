"""The commands whose output is kept, by the name of its file. `{N}` is the id of the flow with that number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ccproxy.exchange import Exchange

MEMBERS = "{id, time, model, dest_model, provider, action, status, usage, cost, stream, dropped, url, parent}"

SETS = {
    "list": "flows list",
    "list-whole": "flows list -n 1000",
    "list-json": f"flows list --json --jq map({MEMBERS})",
    "list-model": "flows list --model claude -n 20",
    "list-status": "flows list --status error",
    "list-provider": "flows list --provider gemini --status ok -n 5",
    "list-host": "flows list --host *.openai.com -n 5",
    "list-none": "flows list --model no-such-model",
    "list-two-filters": "flows list --jq map(select(.usage.output_tokens>500)) --jq sort_by(.usage.output_tokens)",
    "list-wrong-filter": "flows list --jq map(select(",
    "list-no-array": "flows list --jq length",
    "conversations": "flows conversations",
    "usage-model": "usage --by model",
    "usage-day": "usage --by day",
    "usage-provider": "usage --by provider --csv",
    "usage-json": "usage --by provider --json",
    "diff-set": "flows diff --provider anthropic -n 4",
    "dump": "flows dump",
    "dump-some": "flows dump --status error",
    "dump-none": "flows dump --model no-such-model",
    "repl": "flows repl -c print(len(flows),flows[0]['id'],len(jq('map(select(.stream))')))",
}
"""Of all flows, or of some that an option chooses."""

SHOWN = {"show": "flows show {}", "show-bodies": "flows show {} --bodies", "compare": "flows compare {}"}
"""Of single flows."""
PAIRED = {"diff": "flows diff {} {}", "diff-unified": "flows diff {} {} --unified"}
"""Of a flow and the next one."""

IN_TURN = {
    "export-har": "flows export all.har",
    "export-mflow": "flows export all.mflow",
    "export-again": "flows export all.har",
    "import-known": "flows import all.har",
    "clear-unasked": "flows clear --status error",
    "clear-errors": "flows clear --status error --yes",
    "clear-left": "flows list --json --jq map(.id)|[{count:length}]",
    "import-errors": "flows import all.mflow",
    "import-left": "flows list --json --jq map(.id)|[{count:length}]",
    "replay-nowhere": "flows replay {0}",
    "clear-all": "flows clear --all --yes",
    "clear-nothing": "flows list",
}
"""One after the other, each on what the former left."""


def commands(flows: Sequence[Exchange], every: int) -> Iterator[tuple[str, list[str]]]:
    """Names and arguments; the commands of single flows for each `every`th."""
    for name, line in SETS.items():
        yield name, line.split(" ")
    for number in range(every // 2, len(flows), every):
        for name, line in SHOWN.items():
            yield f"{name}-{number}", line.format(flows[number].id).split()
        if number + 1 < len(flows):
            for name, line in PAIRED.items():
                yield f"{name}-{number}", line.format(flows[number].id, flows[number + 1].id).split()
    for name, line in IN_TURN.items():
        yield name, line.replace("{0}", flows[0].id).split(" ")


VERSION = re.compile(r'("creator": ?\{[^}]*"version": ?)"[^"]*"')
MOST = 12_000
KEPT = 4_000


def kept(text: str, home: str) -> str:
    """What is kept of an output: without the place it ran in; of a long one the beginning and a digest of it all."""
    from hashlib import sha256

    text = VERSION.sub(r'\1"of the program"', text.replace(home, "~"))
    if len(text) <= MOST:
        return text
    digest = sha256(text.encode()).hexdigest()
    return f"{text[:KEPT]}\n… {len(text)} characters in all, sha256 {digest}\n"
