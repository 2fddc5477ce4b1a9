"""The rooms put together: from a configuration to a gateway that a front can feed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ccproxy.config import Config
from ccproxy.config.paths import archive_path
from ccproxy.config.pending import NOT_YET
from ccproxy.flows.archive.feeding.feed import Feed
from ccproxy.flows.store import MemoryStore
from ccproxy.gateway.claims import Claims
from ccproxy.gateway.gateway import Gateway
from ccproxy.gateway.live_models import LiveModels
from ccproxy.gateway.local_routes import Answer, LocalRoutes, health, json_reply
from ccproxy.gateway.model_routes import ModelRoutes
from ccproxy.gateway.pplx_desk import Desk
from ccproxy.gateway.pplx_routes import PerplexityRoutes
from ccproxy.gateway.recorder import Recorder
from ccproxy.gateway.router import Router
from ccproxy.gateway.stages import Stages
from ccproxy.mcp.notifications import NotificationBuffer
from ccproxy.pipeline.finding import AT_NEED
from ccproxy.pipeline.live import LivePipeline
from ccproxy.providers.bearer import Bearer
from ccproxy.providers.provider import ProviderMap, build_providers, origin_of
from ccproxy.providers.standing import Credentials
from ccproxy.simulator import respond
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.curl_carrier import CurlCarrier
from ccproxy.transport.embedded import EmbeddedCarrier
from ccproxy.transport.native_pool import Limits, NativePool
from ccproxy.transport.posting import Poster
from ccproxy.transport.tls import verified_context
from ccproxy.transport.transport import Transport
from ccproxy.transport.ways import Ways

if TYPE_CHECKING:
    from ccproxy.gateway.inquiry import Inquiry
    from ccproxy.gateway.reply import Reply
    from ccproxy.shaping.shapes import Shapes
    from ccproxy.transport.outside import Outside


class House:
    """Everything between a front and the providers, and what others may look at."""

    def __init__(self, config: Config) -> None:
        self.pipeline = LivePipeline(config)
        self.store = MemoryStore(config.flows.memory_max_flows, config.flows.memory_max_bytes)
        self.archive = Feed(config.flows, archive_path())
        self.transport = build_transport(config)
        self.post = Poster(self.transport)
        outside = outside_of(config)
        self.providers = build_providers(config, self.post.of, lambda name: self.post.of(name).call, outside)
        self.credentials = Credentials(self.providers)
        self.shapes = shapes_of(config)
        self.notifications = NotificationBuffer(config.mcp.buffer.max_events_per_task, config.mcp.buffer.ttl_seconds)
        self.recorder = Recorder(self.store)
        models = ModelRoutes(self.providers, config.lightllm.transforms, LiveModels(self.transport))
        self.desk = Desk(self.providers)
        threads = PerplexityRoutes(self.desk, Bearer(config.mcp.http.auth, config.auth, self.post))
        local = LocalRoutes(local_routes(self.notifications), models, threads)
        self.claims = Claims(config.lightllm.transforms, self.providers)
        router = Router(config.lightllm.transforms, self.providers)
        resources = {ProviderMap: self.providers, NotificationBuffer: self.notifications}
        if self.shapes is not None:
            resources[type(self.shapes)] = self.shapes
        stages = Stages(lambda: self.pipeline.current, config.hooks.overrides_from, resources, NOT_YET | AT_NEED)
        self.gateway = Gateway(local, router, stages, self.transport, self.recorder)


def shapes_of(config: Config) -> Shapes | None:
    """The shapes that providers name, not loaded yet; None where nothing is said of any. Raises ConfigError."""
    if "shaping" not in config.model_fields_set and not any(one.shape for one in config.providers.values()):
        return None
    from ccproxy.shaping.shapes import Shapes  # a start without them need not wait for it

    return Shapes(config)


def outside_of(config: Config) -> Outside | None:
    """The way to what URLs of clients name; None where there is no provider that takes files but no URLs."""
    if not any(one.type == "perplexity_pro" for one in config.providers.values()):
        return None
    from ccproxy.transport.outside import Outside  # a start without one need not wait for it

    return Outside(Ways(config), {origin_of(one)[0]: name for name, one in config.providers.items()})


def unusable_certificates(config: Config) -> Iterator[str]:
    """A line for each `ca_file` that cannot be used: it may come yet, so the daemon starts nevertheless. Blocks."""
    of_providers = {f"providers.{name}": provider.ca_file for name, provider in config.providers.items()}
    for block, path in {"transport": config.transport.ca_file, **of_providers}.items():
        if path is not None:
            try:
                verified_context(str(path))
            except TransportError as error:
                yield f"{block}: {error}; requests that need it get 502 until that is put right"


def build_transport(config: Config) -> Transport:
    """The carriers for all origins that a configuration can name."""
    limits = Limits(config.transport.keepalive_seconds, config.transport.max_connections_per_origin)
    return Transport(Ways(config), NativePool(limits), CurlCarrier(limits), EmbeddedCarrier(respond))


def local_routes(notifications: NotificationBuffer) -> dict[str, dict[str, Answer]]:
    """What ccproxy answers by itself, beside its lists of models."""

    def notify(inquiry: Inquiry) -> Reply:
        # Only JSON: a web page can send other types here without being asked (Fetch standard, "CORS-safelisted").
        is_json = inquiry.fields.get(b"content-type", b"").lower().startswith(b"application/json")
        taken = is_json and notifications.post(inquiry.exchange.request.body)
        return json_reply({"status": "ok" if taken else "error"})

    return {
        "/": {"GET": health},
        "/health": {"GET": health},
        "/mcp/notify": {"POST": notify},
    }
