"""Bodies of type multipart/form-data.

Sources: RFC 7578; html.spec.whatwg.org, form submission, for names as browsers write them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping

ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


def form(fields: Mapping[str, str], name: str, media_type: str, data: bytes) -> tuple[str, bytes]:
    """A form with one file, which comes last in a field `file`.

    Args:
        fields: what comes before it, in this order.
        name: the file's.
        media_type: the file's.
        data: the file.

    Returns:
        The media type of the form, and the form.
    """
    boundary = f"----ccproxy{uuid.uuid4().hex}"
    begin = f"--{boundary}\r\nContent-Disposition: form-data; name="
    parts = [f'{begin}"{escaped(key)}"\r\n\r\n{value}\r\n'.encode() for key, value in fields.items()]
    about = f'"file"; filename="{escaped(name)}"\r\nContent-Type: {escaped(media_type)}\r\n\r\n'
    parts += [(begin + about).encode(), data, f"\r\n--{boundary}--\r\n".encode()]
    return f"multipart/form-data; boundary={boundary}", b"".join(parts)


def escaped(text: str) -> str:
    """A name as it may stand between quotes."""
    return text.encode("utf-8", "replace").decode().translate(ESCAPES)
