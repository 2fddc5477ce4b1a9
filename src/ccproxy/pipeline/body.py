"""`ctx.body`: the JSON of a request by glom paths (https://glom.readthedocs.io)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ccproxy.pipeline.access import Access
    from ccproxy.pipeline.draft import Draft


class Body:
    """The body of a request for one hook. Every method raises NotJson where the body is not JSON.

    What `get` returns is live: changing it changes the request, and counts as writing the path it was got by.
    """

    def __init__(self, draft: Draft, access: Access) -> None:
        self._draft, self._access = draft, access

    def get(self, path: str, default: Any = None) -> Any:
        """The value at a path, `default` if there is none; of a path with `*`, the list of all."""
        raise NotImplementedError

    def has(self, path: str) -> bool:
        """True if there is something at the path."""
        raise NotImplementedError

    def assign(self, path: str, value: Any) -> None:
        """Sets the value at a path; objects on the way that are missing are made. Raises KeyError, Undeclared."""
        raise NotImplementedError

    def delete(self, path: str) -> None:
        """Removes what is at the path, if anything is. Raises Undeclared."""
        raise NotImplementedError

    def settle(self) -> None:
        """Finds what was changed in place. Raises Undeclared, everything being left as the hook left it."""
        raise NotImplementedError
