"""The embedded provider: answers in the four wire formats, deterministically, without a network.

`respond` is pure; `python -m ccproxy.simulator` serves it over HTTP. What it does is steered by markers in the text of
the last user turn; all of them are explained in `docs/simulator.md`:

    SIM_TOOL [name] [json | path]   SIM_THINK   SIM_ECHO   SIM_JSON   SIM_WORDS n   SIM_REFUSE   SIM_STOP reason
    SIM_ERROR status   SIM_ERROR_MID n   SIM_CUT n   SIM_RESET n   SIM_STALL seconds [n]   SIM_PACE events-per-second
    SIM_BUSY model [status] [delay]   SIM_BUSY_FIRST model [status] [delay]   SIM_QUOTA model
    SIM_CODE   SIM_GROUND   SIM_IMAGE
"""

from __future__ import annotations

from .dispatch import respond
from .reply import Reply, Reset, Send, Step

__all__ = ["Reply", "Reset", "Send", "Step", "respond"]
