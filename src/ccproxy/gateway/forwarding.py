"""The request as it leaves: what outbound hooks made of it, sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccproxy.exchange import Headers, HttpRequest
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.injection import divided, injected, names_of, of_a_hook, with_items
from ccproxy.gateway.rewrite import set_model
from ccproxy.gateway.seal import Envelope, seal_headers
from ccproxy.pipeline.subject import LocalAnswer, Translated

if TYPE_CHECKING:
    from ccproxy.gateway.inquiry import Inquiry
    from ccproxy.gateway.plan import Plan
    from ccproxy.gateway.stages import HookRun
    from ccproxy.gateway.translation.request import Translation
    from ccproxy.pipeline.draft import Draft
    from ccproxy.pipeline.subject import Subject


class Forwarding:
    """Makes the request for the provider out of a client's, by a plan."""

    def __init__(self, inquiry: Inquiry, plan: Plan, run: HookRun) -> None:
        self._inquiry, self._plan, self._run = inquiry, plan, run

    async def same(self) -> HttpRequest | LocalAnswer:
        """The client's own request, changed as little as can be; or the answer that a hook gave instead.

        Raises HookFailed, and Refused where the model cannot be set or no credential is there.
        """
        inquiry, plan = self._inquiry, self._plan
        draft = inquiry.draft
        in_path = inquiry.endpoint is not None and inquiry.endpoint.model is not None
        if plan.model is not None and draft.raw and not in_path:
            set_model(inquiry, plan.model)
        subject = await self._run.outbound(inquiry, plan, draft, inquiry.headers)
        if subject.answer is not None:
            return subject.answer
        if b"content-encoding" in inquiry.fields and (draft.coding is None or draft.changed):
            subject.headers = [header for header in subject.headers if header[0].lower() != b"content-encoding"]
        return self._sealed(inquiry.exchange.request.method, subject, draft)

    async def translated(self, translation: Translation) -> HttpRequest | LocalAnswer:
        """The request in the provider's format. Raises as `same`."""
        assert translation.call is not None
        translated = Translated(translation.asked.document, translation.call, translation.asked.drops)
        draft, headers = translation.draft, translation.headers
        subject = await self._run.outbound(self._inquiry, self._plan, draft, headers, translated)
        translation.on_finish = translated.on_finish
        if subject.answer is not None:
            return subject.answer
        return self._sealed("POST", subject, draft)

    def _sealed(self, method: str, subject: Subject, draft: Draft) -> HttpRequest:
        plan, inquiry, headers, body = self._plan, self._inquiry, subject.headers, written(draft)
        credential, listed = divided(self._credential(subject))
        headers = with_items(headers, listed) if listed else headers
        self._note(credential, subject)
        envelope = Envelope(
            plan.origin,
            len(body),
            auth=credential[0] if credential else None,
            companions=credential[1:],
            strip_credentials=plan.strip_credentials,
            upgrade=inquiry.upgrade,
        )
        same = headers == inquiry.headers
        fields = inquiry.fields if same else {name.lower(): value for name, value in headers}
        inquiry.told = subject.told
        if subject.left_out:
            inquiry.left_out = subject.left_out
            inquiry.exchange.count_dropped(subject.left_out)
        return HttpRequest(method, subject.target, seal_headers(headers, fields, envelope), body)

    def _credential(self, subject: Subject) -> Headers:
        """The fields that carry the provider's credential. Nothing leaves without them where there should be some."""
        provider, credential = self._plan.provider, subject.credential
        if credential is None and provider is not None and provider.auth_type is not None:
            raise Refused(401, "credential", f"no hook has put in the credential of provider {provider.name!r}")
        if not credential and provider is not None and provider.perplexity is not None:
            from ccproxy.providers.perplexity.refusals import NO_SESSION  # which most have no use for

            raise Refused(401, "credential", NO_SESSION.format(name=provider.name))
        return credential or []

    def _note(self, credential: Headers, subject: Subject) -> None:
        """Says which fields hold it, and how another is got where it is refused."""
        provider, inquiry = self._plan.provider, self._inquiry
        on_renewed = subject.translated.on_renewed if subject.translated is not None else None
        if credential and provider is not None:
            configured = subject.credential is subject.configured
            inquiry.injected = injected(provider, credential, on_renewed) if configured else of_a_hook(credential)
            inquiry.exchange.credential_headers = names_of(inquiry.injected)


def written(draft: Draft) -> bytes:
    """The body's bytes. Raises Refused where it cannot be written."""
    try:
        return draft.written_out()
    except TypeError as error:  # orjson reads 1024 levels and writes 254
        raise Refused(400, "invalid_request", "the request is nested too deeply to be written") from error
