"""`extract_pplx_files`."""

from __future__ import annotations

from ccproxy.exchange import WireFormat
from ccproxy.pipeline.native import native_hook
from ccproxy.pipeline.subject import Subject


def goes_to_perplexity(subject: Subject) -> bool:
    """True for a question to a provider of this type."""
    return subject.draft.format is WireFormat.PERPLEXITY


@native_hook("outbound", reads=["params.**"], writes=["params.**"], guard=goes_to_perplexity, on_error="fail")
def extract_pplx_files(subject: Subject) -> tuple[str, ...]:
    """Not there yet."""
    return ()
