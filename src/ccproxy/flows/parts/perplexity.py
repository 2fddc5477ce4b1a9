"""The question to Perplexity's web application as parts: `{"params": {…}, "query_str": …}`.

It is one text, whoever said what in it. What ccproxy put together is taken apart again at the marks that it sets, which
stay where they are: so each turn of the client's stands beside the piece that became of it.
"""

from __future__ import annotations

import re
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.flows.parts.blocks import text_block
from ccproxy.flows.parts.formats import taken
from ccproxy.flows.parts.parts import Mark, Message, Parts

INSTRUCTION = "[System]: "
PIECE = re.compile(r"\n\n(?=\[(?:System|User|Assistant)\]: )")
"""What stands between two pieces; `lightllm.perplexity.query` sets the marks."""
TWICE: Mark = ("params.dsl_query", "the same text")
"""The question stands in a payload twice."""


def perplexity(document: dict[str, Any]) -> Parts:
    """A payload of `POST /rest/sse/perplexity_ask`."""
    text, rest = taken(document, "query_str", (str,))
    params, outer = taken(rest, "params", (dict,))
    if params is None or any(f"params.{name}" in outer for name in params):
        params, outer = {}, rest
    marks: tuple[Mark, ...] = ()
    if text is not None and params.get("dsl_query") == text:
        marks, params = (TWICE,), {name: value for name, value in params.items() if name != "dsl_query"}
    parameters = outer | {f"params.{name}": value for name, value in params.items()}
    pieces = PIECE.split(text) if text is not None else []
    count = next((at for at, piece in enumerate(pieces) if not piece.startswith(INSTRUCTION)), len(pieces))
    turns = tuple(map(text_block, pieces[count:]))
    messages = (Message("user", turns, marks=marks),) if turns or marks else ()
    return Parts(WireFormat.PERPLEXITY, parameters, tuple(map(text_block, pieces[:count])), (), messages)
