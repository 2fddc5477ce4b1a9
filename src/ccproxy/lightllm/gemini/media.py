"""Images, sound, video and documents: `inlineData` and `fileData` both ways."""

from __future__ import annotations

from collections.abc import Callable
from mimetypes import guess_type
from typing import Any
from urllib.parse import urlsplit

from pydantic_ai.messages import AudioUrl, BinaryContent, DocumentUrl, FileUrl, ImageUrl, UploadedFile, VideoUrl

from ccproxy.lightllm.data_uri import from_base64, to_base64
from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.gemini.fields import camelled

type Media = FileUrl | BinaryContent | UploadedFile

MEDIA_TYPES = (FileUrl, BinaryContent, UploadedFile)

OWN_FILES = ("gs://", "https://generativelanguage.googleapis.com/")
"""Beginnings of the URIs of files that were uploaded to Google."""

YOUTUBE = ("https://www.youtube.com/", "https://youtube.com/", "https://youtu.be/", "https://m.youtube.com/")

PROVIDERS = frozenset({"gemini", "google", "google-cloud", "google-gla", "google-vertex"})
"""Names under which a file is Google's."""

URLS: dict[str, Callable[..., Media]] = {"image": ImageUrl, "audio": AudioUrl, "video": VideoUrl}

DEFAULTS: tuple[tuple[type, str], ...] = (
    (ImageUrl, "image/jpeg"),
    (VideoUrl, "video/mp4"),
    (AudioUrl, "audio/mpeg"),
    (DocumentUrl, "application/pdf"),
)
"""What a URL without an ending is taken for."""

IMAGES = frozenset({"image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"})
"""Source: ai.google.dev/gemini-api/docs/image-understanding#supported-formats. GIF is refused."""

TEXTS = frozenset({"text/plain", "text/html", "text/css", "text/csv", "text/xml", "text/rtf", "text/javascript"})

TEXT_LIKE = ("json", "xml", "yaml", "javascript", "x-sh", "toml", "sql")
"""Endings of `application/…` types that are text, which Gemini reads as plain text only."""


def load_blob(value: Any, place: str) -> BinaryContent:
    """An `inlineData` member. Raises InvalidCall for data that is not base64."""
    blob = camelled(value)
    try:
        data = from_base64(blob.get("data") or "")
    except (ValueError, TypeError, AttributeError):
        raise InvalidCall(f"{place}.inlineData.data: this is not base64") from None
    media_type = str(blob.get("mimeType") or "application/octet-stream")
    return BinaryContent(data, media_type=media_type, vendor_metadata=_named(blob))


def load_file(value: Any, place: str) -> Media:
    """A `fileData` member."""
    file = camelled(value)
    uri = file.get("fileUri")
    if not isinstance(uri, str) or not uri:
        raise InvalidCall(f"{place}.fileData.fileUri: a URI is missing")
    media_type = str(file["mimeType"]) if file.get("mimeType") else None
    details = _named(file) if media_type else {**(_named(file) or {}), "untyped": True}
    if uri.startswith(OWN_FILES):
        return UploadedFile(uri, "google", media_type=media_type, vendor_metadata=details)
    kind = "video" if uri.startswith(YOUTUBE) else (media_type or "").partition("/")[0]
    return URLS.get(kind, DocumentUrl)(uri, media_type=media_type, vendor_metadata=details)


def _named(members: dict[str, Any]) -> dict[str, Any] | None:
    return {"filename": members["displayName"]} if members.get("displayName") else None


def dump_own(item: Media) -> dict[str, Any]:
    """Media of a Gemini request as they were."""
    details = item.vendor_metadata or {}
    if isinstance(item, BinaryContent):
        name, value = "inlineData", {"mimeType": item.media_type, "data": to_base64(item.data)}
    else:
        name, value = "fileData", {"fileUri": item.file_id if isinstance(item, UploadedFile) else item.url}
        media_type = guessed_type(item)
        if "untyped" not in details and media_type != "application/octet-stream":
            value = {"mimeType": media_type, **value}
    if "filename" in details:
        value["displayName"] = details["filename"]
    return {name: value, **details.get("fields", {})}


def dump_media(item: Media, drops: Drops) -> dict[str, Any] | None:
    """Media of another format's request; None, and counted, for what Gemini does not take."""
    count_details(item.vendor_metadata or {}, drops)
    if isinstance(item, BinaryContent):
        media_type = accepted(item.media_type)
        if media_type is not None:
            return {"inlineData": {"mimeType": media_type, "data": to_base64(item.data)}}
    elif isinstance(item, UploadedFile):
        if item.provider_name in PROVIDERS:
            return dump_own(item)
        drops.add("file_id")
        return None
    elif item.url.startswith(("https://", "http://", "gs://")):
        media_type = accepted(guessed_type(item))
        if media_type is not None:
            return {"fileData": {"mimeType": media_type, "fileUri": item.url}}
    drops.add("media")
    return None


def count_details(details: dict[str, Any], drops: Drops) -> None:
    """Counts what other formats say of a file and Gemini cannot hear."""
    if "cache_control" in details:
        drops.add("cache_control")
    if details.get("detail") not in {None, "auto"}:
        drops.add("image_detail")
    if any(details.get(name) for name in ("title", "context", "citations", "filename")):
        drops.add("document_metadata")


def accepted(media_type: str) -> str | None:
    """The type under which Gemini takes media of a type; None if it does not."""
    essence = media_type.partition(";")[0].strip().lower()
    kind, _, name = essence.partition("/")
    if essence == "image/jpg":
        return "image/jpeg"
    if kind == "text" or (kind == "application" and name.endswith(TEXT_LIKE)):
        return essence if essence in TEXTS else "text/plain"
    if kind in {"audio", "video"} or essence in IMAGES or essence == "application/pdf":
        return essence
    return None


def guessed_type(item: FileUrl | UploadedFile) -> str:
    """The type that was given, that the path tells, or that is usual of the kind."""
    try:
        return item.media_type
    except ValueError:  # pydantic-ai's way of saying that the end of the URL does not tell
        usual = next((usual for kind, usual in DEFAULTS if isinstance(item, kind)), "application/octet-stream")
        return (guess_type(urlsplit(item.url).path)[0] if isinstance(item, FileUrl) else None) or usual
