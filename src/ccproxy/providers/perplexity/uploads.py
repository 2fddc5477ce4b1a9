"""Files that go with a question."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ccproxy.auth import OutsideError
from ccproxy.providers.perplexity.headers import COMMON, EVENTS, USER_AGENT, Reason
from ccproxy.providers.perplexity.limits import require_few, require_size, require_total, require_type
from ccproxy.providers.perplexity.multipart import form
from ccproxy.providers.perplexity.places import Place, places, require_put
from ccproxy.providers.perplexity.refusals import SiteError, unavailable

if TYPE_CHECKING:
    from ccproxy.config.vendors import PerplexityUpload
    from ccproxy.providers.perplexity.service import Outside, Service

CREATE = "/rest/uploads/batch_create_upload_urls"
SUBSCRIBE = "/rest/sse/attachment_processing/subscribe"
UNNAMED, UNKNOWN = "file", "application/octet-stream"
TOGETHER = 4
"""How many files are on their way at the same time."""
NEWS_LIMIT = 8 * 1024 * 1024
"""Bytes of what is told while files are looked at."""
KEPT = frozenset({401, 403, 429, 503})
"""Statuses that say what the client can do; any other tells of nothing that it has asked for."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file; name and media type may be empty if nobody knows them."""

    name: str
    media_type: str
    data: bytes


async def upload(service: Service, files: Sequence[Upload]) -> list[str]:
    """Gives files to Perplexity.

    Args:
        service: whose account it is for, and which limits there are.
        files: in the order of the answer.

    Returns:
        For each file the URL that a question names in `attachments`.

    Raises:
        SiteError: 400 for a file beyond the limits, before anything is sent; 429 where there are too many; else 502, or
            what the session's lack is told by.
    """
    settings = service.settings.upload
    require_fit(files, settings)
    if not files:
        return []
    if service.outside is None:
        raise unavailable("files can be given to Perplexity only by the daemon")
    about = {str(uuid.uuid4()): _about(file) for file in files}
    found = places(await _created(service, about), list(about))
    waiting = deque(zip(files, found, strict=True))
    del files  # whatever has been sent can be forgotten
    await _put(service, service.outside, waiting)
    await _looked_at(service, [place.file_uuid for place in found if place.file_uuid is not None])
    return [place.object_url for place in found]


def require_fit(files: Sequence[Upload], settings: PerplexityUpload) -> None:
    """Raises SiteError 400 for what is beyond the limits."""
    require_few(len(files), settings)
    for file in files:
        require_size(file.name, len(file.data), settings)
        require_type(file.name, file.media_type)
    require_total(sum(len(file.data) for file in files), settings)


async def _created(service: Service, about: Mapping[str, Any]) -> dict[str, Any]:
    body = {"files": about}
    seconds = service.settings.upload.upload_timeout_seconds
    try:
        return await service.site.ask_object(
            "POST", CREATE, reason=Reason.ATTACHMENT, query=COMMON, body=body, seconds=seconds
        )
    except SiteError as error:
        if error.status in KEPT:
            raise
        raise SiteError(502, error.kind, error.message) from error


def _about(file: Upload) -> dict[str, Any]:
    return {
        "filename": file.name or UNNAMED,
        "content_type": file.media_type or UNKNOWN,
        "source": "default",
        "file_size": len(file.data),
        "force_image": file.media_type.startswith("image/"),
        "skip_parsing": False,
        "persistent_upload": False,
    }


async def _put(service: Service, outside: Outside, waiting: deque[tuple[Upload, Place]]) -> None:
    """All of them; the first that fails ends it."""

    async def put() -> None:
        while waiting:
            await _put_one(service, outside, *waiting.popleft())

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(TOGETHER):
                group.create_task(put())
    except* SiteError as failed:
        raise failed.exceptions[0] from None


async def _put_one(service: Service, outside: Outside, file: Upload, place: Place) -> None:
    """Sends a form that needs no session, so that none goes there."""
    made = place.fields, file.name or UNNAMED, file.media_type or UNKNOWN, file.data
    media_type, body = await asyncio.to_thread(form, *made)  # which copies it
    headers = [(b"Content-Type", media_type.encode("ascii")), (b"User-Agent", USER_AGENT.encode("ascii"))]
    seconds, near = service.settings.upload.upload_timeout_seconds, service.provider.origin
    try:
        answer = await outside.post(place.bucket_url, headers, body, seconds, near)
    except OutsideError as error:
        reason = f"the file {file.name!r} could not be given to Perplexity: {error}"
        raise SiteError(502, "pplx_upload_failed", reason) from error
    require_put(answer, file.name)


async def _looked_at(service: Service, uuids: Sequence[str]) -> None:
    """Waits until Perplexity has read the files. A question may name them before that, too."""
    seconds = service.settings.upload.subscribe_timeout_seconds
    try:
        if uuids:
            await service.site.ask(
                "POST", SUBSCRIBE, reason=Reason.ATTACHMENT, body={"file_uuids": list(uuids)}, accept=EVENTS,
                seconds=seconds, limit=NEWS_LIMIT,
            )  # fmt: skip
    except SiteError as error:
        name, told = service.provider.name, error.message
        logger.warning("provider %r: whether Perplexity has read the files is not known: %s", name, told)
