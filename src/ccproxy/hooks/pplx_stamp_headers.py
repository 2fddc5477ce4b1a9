"""`pplx_stamp_headers`: a question has the header fields that the web application's own pages send."""

from __future__ import annotations

from ccproxy.hooks.pplx_thread_inject import goes_to_perplexity, question_of
from ccproxy.pipeline.native import native_hook
from ccproxy.pipeline.subject import Subject
from ccproxy.providers.perplexity.headers import FIXED, Reason, stamped

CHANGING = ("Origin", "Referer", "Accept", "Content-Type", "x-perplexity-request-reason", "x-request-id")
WRITES = tuple(f"headers.{name.lower()}" for name in (*FIXED, *CHANGING))


@native_hook("outbound", reads=[], writes=WRITES, guard=goes_to_perplexity, on_error="fail")
def pplx_stamp_headers(subject: Subject) -> tuple[str, ...]:
    """Puts in the fields of a browser's page, and an id of the request; the cookie comes with `inject_auth`."""
    service, _, _ = question_of(subject)
    own = stamped(Reason.ASK, service.provider.origin)
    names = {name.lower() for name, _ in own}
    subject.headers[:] = [*(header for header in subject.headers if header[0].lower() not in names), *own]
    return WRITES
