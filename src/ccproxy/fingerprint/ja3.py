"""JA3, the older name of a TLS client (https://github.com/salesforce/ja3): all lists in order, without GREASE."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import md5

from ccproxy.fingerprint.client_hello import ClientHello, is_grease


def ja3_full(hello: ClientHello) -> str:
    """`version,suites,extensions,groups,point formats`, the numbers decimal and joined by `-`."""
    lists = (hello.cipher_suites, hello.extension_types, hello.supported_groups)
    formats = "-".join(map(str, hello.point_formats))
    return ",".join([str(hello.legacy_version), *map(_joined, lists), formats])


def ja3(full: str) -> str:
    """The MD5 of a full string, in hex."""
    return md5(full.encode(), usedforsecurity=False).hexdigest()


def _joined(numbers: Iterable[int]) -> str:
    return "-".join(str(number) for number in numbers if not is_grease(number))
