"""Which files may go with a question (`pplx.upload`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ccproxy.providers.perplexity.refusals import SiteError

if TYPE_CHECKING:
    from ccproxy.config.vendors import PerplexityUpload

TYPE = re.compile(r"[\w!#$%&'*+.^`|~-]+/[\w!#$%&'*+.^`|~-]+(?:\s*;[ -~]*)?", re.ASCII)
LONGEST = 100
"""Characters of what is told of one that is none."""


def require_few(count: int, settings: PerplexityUpload) -> None:
    """Raises SiteError 400 for too many files."""
    if count > settings.max_files:
        raise unfit(f"{count} files are too many: {settings.max_files} may go with a question (pplx.upload.max_files)")


def require_size(name: str, size: int, settings: PerplexityUpload) -> None:
    """Raises SiteError 400 for a file of so many bytes."""
    limit = settings.max_file_size_bytes
    if size == 0:
        raise unfit(f"the file {name!r} is empty")
    if size > limit:
        raise unfit(f"the file {name!r} is too large: it has more than {limit} bytes (pplx.upload.max_file_size_bytes)")


def require_total(size: int, settings: PerplexityUpload) -> None:
    """Raises SiteError 400 for files of so many bytes together: they are in memory at the same time."""
    limit = settings.max_total_bytes
    if size > limit:
        raise unfit(f"the files have more than {limit} bytes together (pplx.upload.max_total_bytes)")


def require_type(name: str, media_type: str) -> None:
    """Raises SiteError 400 for what is no media type; where none is told, the site finds out itself."""
    if media_type and not is_type(media_type):
        raise unfit(f"the file {name!r} has {media_type[:LONGEST]!r} for a media type: say, for example, image/png")


def is_type(media_type: str) -> bool:
    """Whether it is a media type (RFC 9110 §8.3.1), with or without parameters."""
    return TYPE.fullmatch(media_type) is not None


def unfit(message: str) -> SiteError:
    """The exception for a file that cannot go with a question."""
    return SiteError(400, "pplx_invalid_file", message)
