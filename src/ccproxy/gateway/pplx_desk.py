"""Where commands and clients ask for what a Perplexity account has beside its answers: threads, quota."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ccproxy.gateway.pplx_parameters import NotServed, Parameters, mode, number, truth, wrong
from ccproxy.providers.provider import Provider

if TYPE_CHECKING:
    from ccproxy.lightllm.perplexity.thread import Turn
    from ccproxy.providers.perplexity.service import Service
    from ccproxy.providers.perplexity.threads import Thread

type Told = dict[str, Any]

THREADS = "`ccproxy pplx threads` shows those there are"


class Desk:
    """Asks the providers of type `perplexity_pro`. All its methods raise NotServed.

    `parameters` are those of a query: `provider` names one where there are several, the others as each method says.
    """

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._providers = providers
        self._wishes: Mapping[str, Callable[[Parameters], Awaitable[Told]]] = {
            "quota": self.quota,
            "threads": self.threads,
            "thread": self.thread,
            "export": self.export,
            "messages": self.messages,
            "delete": self.delete,
        }

    @property
    def names(self) -> Collection[str]:
        """The providers that can be asked."""
        return self._services().keys()

    async def fulfilled(self, wish: str, parameters: Parameters) -> Told:
        """What comes of a wish by its name."""
        from ccproxy.providers.perplexity.refusals import SiteError  # which most have no use for

        try:
            return await self._wishes[wish](parameters)
        except SiteError as error:
            wait = [(b"Retry-After", error.retry_after.encode("latin-1"))] if error.retry_after else []
            fix = THREADS if error.status == 404 else ""
            raise NotServed(error.status, error.kind, error.message, fix, wait) from error

    async def quota(self, parameters: Parameters) -> Told:
        """`{"provider", "quota"}`, the latter as the site tells it."""
        from ccproxy.providers.perplexity.quota import quota

        service = self._service(parameters)
        return {"provider": service.provider.name, "quota": await quota(service)}

    async def threads(self, parameters: Parameters) -> Told:
        """`{"provider", "threads"}`, the newest first; `search` and `limit` as their names say."""
        from ccproxy.providers.perplexity.library import threads

        service = self._service(parameters)
        found = await threads(service, parameters.get("search", ""), number(parameters, "limit", 20))
        return {
            "provider": service.provider.name,
            "threads": [{**each, "url": page_of(each["slug"])} for each in found],
        }

    async def thread(self, parameters: Parameters) -> Told:
        """A thread with its `entries`: `slug`, `citations` (see MODES) and `reasoning`."""
        service, thread, turns = await self._read(parameters)
        with_reasoning = truth(parameters, "reasoning")
        return {
            **named(service, thread),
            "entries": [{**asdict(turn), "reasoning": turn.reasoning if with_reasoning else ""} for turn in turns],
        }

    async def export(self, parameters: Parameters) -> Told:
        """The same with `markdown`, a page, in place of its entries."""
        from ccproxy.lightllm.perplexity.transcript import markdown

        service, thread, turns = await self._read(parameters)
        about = named(service, thread)
        page = markdown(about["title"], about["url"], turns, reasoning=truth(parameters, "reasoning"))
        return {**about, "markdown": page}

    async def messages(self, parameters: Parameters) -> Told:
        """The same as messages of the Chat Completions API."""
        from ccproxy.lightllm.perplexity.thread import messages

        service, thread, turns = await self._read(parameters)
        about = named(service, thread)
        return {
            "messages": messages(turns, reasoning=truth(parameters, "reasoning")),
            "metadata": {"session_id": about["slug"]},
            "thread_info": {name: about[name] for name in ("slug", "context_uuid", "title", "entry_count")},
        }

    async def delete(self, parameters: Parameters) -> Told:
        """Deletes the thread `slug`, or `entry` of it alone; `{"slug", "title", "deleted"}`, the latter ids."""
        from ccproxy.providers.perplexity.library import delete
        from ccproxy.providers.perplexity.refusals import SiteError

        service = self._service(parameters)
        thread = await self._thread(service, parameters)
        try:
            deleted = await delete(service, thread, parameters.get("entry"))
        except SiteError as error:
            if error.status != 404:
                raise
            fix = f"`ccproxy pplx show {thread.slug}` tells the ids of its entries"
            raise NotServed(error.status, error.kind, error.message, fix) from error
        return {**named(service, thread), "deleted": deleted}

    async def _read(self, parameters: Parameters) -> tuple[Service, Thread, list[Turn]]:
        from ccproxy.lightllm.perplexity.thread import turns

        service = self._service(parameters)
        citations = mode(parameters, "citations", service.settings.thread.citation_mode)
        truth(parameters, "reasoning")
        thread = await self._thread(service, parameters)
        return service, thread, await asyncio.to_thread(turns, thread.entries, citations)

    async def _thread(self, service: Service, parameters: Parameters) -> Thread:
        from ccproxy.providers.perplexity.threads import thread

        return await thread(service, parameters.get("slug", ""))

    def _service(self, parameters: Parameters) -> Service:
        """Whose account is asked. Raises NotServed where there is none, and where it is not said which is meant."""
        services = self._services()
        name = parameters.get("provider")
        if not services:
            fix = "`type: perplexity_pro` makes a provider in ccproxy.yaml one"
            raise NotServed(503, "pplx_unavailable", "there is no provider of type perplexity_pro", fix)
        known = ", ".join(services)
        if name is None and len(services) > 1:
            raise wrong(f"there are several providers of type perplexity_pro: {known}", "say which: `--provider NAME`")
        if name is not None and name not in services:
            raise wrong(f"there is no provider {name!r} of type perplexity_pro", f"there is: {known}")
        return services[name] if name is not None else next(iter(services.values()))

    def _services(self) -> dict[str, Service]:
        return {name: each.perplexity for name, each in self._providers.items() if each.perplexity is not None}


def named(service: Service, thread: Thread) -> Told:
    """What is told of every thread. Of its tokens, none."""
    return {
        "provider": service.provider.name,
        "slug": thread.slug,
        "title": thread.title,
        "context_uuid": thread.context_uuid,
        "url": page_of(thread.slug),
        "entry_count": len(thread.entries),
    }


def page_of(slug: str) -> str:
    """Where a browser finds a thread."""
    from ccproxy.providers.perplexity.headers import SITE

    return f"{SITE}/search/{quote(slug, safe='')}"
