"""Images that a model makes: `images` of a message, as OpenRouter has them; the API itself has no place for them."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.data_uri import inline_of, to_base64
from ccproxy.lightllm.events import Media

SOUNDS: tuple[tuple[str, str], ...] = (
    ("UklGR", "audio/wav"),
    ("SUQz", "audio/mpeg"),
    ("//", "audio/mpeg"),
    ("ZkxhQ", "audio/flac"),
    ("T2dnUw", "audio/ogg"),
)
"""Base64 of the first bytes of sound files: an answer does not say which format was asked for."""


def read_image(image: Any) -> Media | None:
    """The image in `{"image_url": {"url": …}}`, its URL's bare form included; None if there is none."""
    holder = image.get("image_url") if isinstance(image, dict) else image
    url = holder.get("url") if isinstance(holder, dict) else holder
    if not isinstance(url, str) or not url:
        return None
    parsed = inline_of(url)
    if parsed is None:
        return Media("image/png", url=url)
    media_type, data = parsed
    return Media(media_type or "image/png", data=to_base64(data))


def read_sound(audio: dict[str, Any]) -> Media | None:
    """The sound in a message's `audio`; None if there is none."""
    data = audio.get("data")
    if not isinstance(data, str) or not data:
        return None
    media_type = next((kind for magic, kind in SOUNDS if data.startswith(magic)), "audio/pcm")
    return Media(media_type, data=data, id=str(audio.get("id") or ""))


def write_image(media: Media) -> dict[str, Any] | None:
    """An image as an entry of `images`; None for what is no image."""
    if not media.media_type.startswith("image/"):
        return None
    url = media.url or f"data:{media.media_type};base64,{media.data}"
    return {"type": "image_url", "image_url": {"url": url}}
