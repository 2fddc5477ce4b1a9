"""`verbose_mode`: thinking in full where the client asks for it to be left out."""

from __future__ import annotations

from ccproxy.exchange import get_header
from ccproxy.pipeline.native import native_hook
from ccproxy.pipeline.subject import Subject

FIELD = b"anthropic-beta"
UNWANTED = b"redact-thinking-"
WRITES = ("headers.anthropic-beta",)


def speaks_anthropic(subject: Subject) -> bool:
    """True for a request in the manner of Anthropic's API that asks for thinking to be left out."""
    asked = any(UNWANTED in value and name.lower() == FIELD for name, value in subject.headers)
    return asked and get_header(subject.headers, b"anthropic-version") is not None


@native_hook(
    "outbound", reads=["headers.anthropic-version", "headers.anthropic-beta"], writes=WRITES, guard=speaks_anthropic
)
def verbose_mode(subject: Subject) -> tuple[str, ...]:
    """Takes `redact-thinking-…` out of the header `anthropic-beta`, and the header itself if nothing else is in it."""
    fields = [value for name, value in subject.headers if name.lower() == FIELD]
    asked = [item.strip() for value in fields for item in value.split(b",")]
    kept = [item for item in asked if item and not item.startswith(UNWANTED)]
    if not any(item.startswith(UNWANTED) for item in asked):
        return ()
    place = next(at for at, (name, _) in enumerate(subject.headers) if name.lower() == FIELD)
    own = subject.headers[place][0]
    others = [header for header in subject.headers if header[0].lower() != FIELD]
    subject.headers[:] = [*others[:place], *([(own, b",".join(kept))] if kept else []), *others[place:]]
    return WRITES
