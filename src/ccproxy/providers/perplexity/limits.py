"""Which files may go with a question (`pplx.upload`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ccproxy.providers.perplexity.refusals import SiteError

if TYPE_CHECKING:
    from ccproxy.config.vendors import PerplexityUpload


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


def unfit(message: str) -> SiteError:
    """The exception for a file that cannot go with a question."""
    return SiteError(400, "pplx_invalid_file", message)
