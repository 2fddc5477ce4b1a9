"""`extract_pplx_files`: files in a conversation are given to Perplexity, which takes none in a question."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ccproxy.hooks.pplx_thread_inject import goes_to_perplexity, question_of, refusal
from ccproxy.pipeline.native import native_hook
from ccproxy.pipeline.subject import Subject
from ccproxy.providers.perplexity.limits import is_type, require_few, require_size, require_total, require_type, unfit
from ccproxy.providers.perplexity.refusals import SiteError, unavailable
from ccproxy.providers.perplexity.service import OutsideError
from ccproxy.providers.perplexity.uploads import Upload, upload

if TYPE_CHECKING:
    from ccproxy.lightllm.drops import Drops
    from ccproxy.lightllm.perplexity.content import File
    from ccproxy.providers.perplexity.service import Outside, Service

AT_A_TIME = 4
"""Files that are fetched together."""
LONGEST = 150
"""Characters of a name."""
BYTES = "application/octet-stream"
MEDIA = "media"
"""The rule by which they would be left out."""


@native_hook(
    "outbound",
    reads=["params.query_source"],
    writes=["params.attachments"],
    guard=goes_to_perplexity,
    on_error="fail",
    patient=True,
)
async def extract_pplx_files(subject: Subject) -> tuple[str, ...]:
    """Uploads images and documents, those under URLs too, and attaches them to the question.

    With the next question of a thread go only the files of the last turn: the thread has the others. Raises Refusal for
    what is beyond the limits (`pplx.upload`), and for what cannot be fetched or uploaded.
    """
    from ccproxy.lightllm.perplexity import follow_up, query

    service, translated, payload = question_of(subject)
    files = query.files(translated.call)
    follows = payload["params"].get("query_source") == "followup"
    wanted = query.files(translated.call, last=True) if follows else files
    wrote: tuple[str, ...] = ()
    if wanted:
        try:
            require_fit(service, wanted)
            urls = await upload(service, await fetched(service, wanted))
        except SiteError as error:
            raise refusal(error) from error
        subject.draft.replace(follow_up.attach(subject.draft.document(), urls))
        wrote = ("params.attachments",)
    take_back(translated.drops, len(files))
    return wrote


def take_back(drops: Drops, count: int) -> None:
    """What was uploaded, now or with an earlier turn, was not left out."""
    left = drops.counts.get(MEDIA, 0) - count
    if left > 0:
        drops.counts[MEDIA] = left
    else:
        drops.counts.pop(MEDIA, None)


def require_fit(service: Service, files: Sequence[File]) -> None:
    """Raises SiteError 400 for too many, and for what is known to be too large or unreadable: nothing is sent yet."""
    settings = service.settings.upload
    require_few(len(files), settings)
    require_total(inline_size(files), settings)
    for number, file in enumerate(files, 1):
        if (data := data_of(file)) is not None:
            name = name_of(file, file.media_type, number)
            require_size(name, len(data), settings)
            require_type(name, file.media_type)
        elif url_of(file)[:5].lower() == "data:":
            raise unfit(f"file {number} is a data URI that cannot be read: send base64 of the file's bytes")


def inline_size(files: Sequence[File]) -> int:
    """Bytes of those that are there."""
    return sum(len(data_of(file) or b"") for file in files)


def data_of(file: File) -> bytes | None:
    """Its bytes; None for what is under a URL. Without the types of requests, which are loaded where one is read."""
    return getattr(file, "data", None)


def url_of(file: File) -> str:
    """Where it is; empty for bytes."""
    return getattr(file, "url", "")


async def fetched(service: Service, files: Sequence[File]) -> list[Upload]:
    """The files with their bytes, in their order. Raises SiteError for one that cannot be had."""
    turns, size = asyncio.Semaphore(AT_A_TIME), inline_size(files)

    async def one(number: int, file: File) -> Upload:
        nonlocal size
        if (data := data_of(file)) is not None:
            return Upload(name_of(file, file.media_type, number), file.media_type, data)
        async with turns:
            found = await under_url(service, file, number)
            size += len(found.data)
            require_total(size, service.settings.upload)  # here, so that no more of them are asked for
            return found

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(number, file)) for number, file in enumerate(files, 1)]
    except* SiteError as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]


async def under_url(service: Service, file: File, number: int) -> Upload:
    """What a URL names. Raises SiteError."""
    settings, outside = service.settings.upload, require_outside(service)
    try:
        got = await outside.get(url_of(file), settings.max_file_size_bytes, settings.fetch_timeout_seconds)
    except OutsideError as error:
        raise unfit(f"file {number}: {error}") from error
    media_type = got.media_type if is_type(got.media_type) else BYTES
    name = name_of(file, media_type, number, got.name)
    require_size(name, len(got.body), settings)
    return Upload(name, media_type, got.body)


def require_outside(service: Service) -> Outside:
    """The way to other places. Raises SiteError where there is none."""
    if service.outside is None:
        raise unavailable("files under URLs can be fetched only by the daemon: send data URIs")
    return service.outside


def name_of(file: File, media_type: str, number: int, known_as: str = "") -> str:
    """What Perplexity is to call a file: as the client does, else as its place does, else by its kind."""
    given = (file.vendor_metadata or {}).get("filename") or known_as
    name = "".join(each for each in PurePosixPath(str(given).replace("\\", "/")).name if each.isprintable())
    if name.strip("."):
        return name[-LONGEST:]
    kind = "image" if media_type.startswith("image/") else "file"
    return f"{kind}-{number}{mimetypes.guess_extension(media_type) or ''}"
