"""Which names and addresses the rules of a jail let through, and which names an address was the answer for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ccproxy.config.hostglobs import Address, HostGlob, as_address, canonical, parse, plain


@dataclass(frozen=True, slots=True)
class Rules:
    """Patterns with what they are called where they were written."""

    only: tuple[HostGlob, ...]
    deny: tuple[HostGlob, ...]
    only_called: str
    deny_called: tuple[str, ...]
    """One for each of `deny`."""

    @property
    def about_names(self) -> bool:
        """Whether it matters by which name a host is reached."""
        return any(glob.address is None for glob in (*self.only, *self.deny))

    def name(self, name: str, port: int | None) -> str | None:
        """Why a host of this name cannot be reached; None if it can. Without a port: at no port at all."""
        name = canonical(name)
        return self._verdict([glob.matches_name(name) for glob in self.deny], _some(self.only, name, port), name, port)

    def address(self, spellings: Sequence[Address], port: int, names: Sequence[str]) -> str | None:
        """The same for an address that was the answer for `names`; it comes first, then what it may lead to."""
        address = spellings[0]
        allowed = any(glob.matches_address(address) and glob.port in (None, port) for glob in self.only)
        allowed = allowed or any(_some(self.only, name, port) for name in names)
        denied = [any(map(glob.matches_address, spellings)) or any(map(glob.matches_name, names)) for glob in self.deny]
        return self._verdict(denied, allowed, str(address), port)

    def _verdict(self, matches: list[bool], allowed: bool, host: str, port: int | None) -> str | None:
        for match, glob, called in zip(matches, self.deny, self.deny_called, strict=True):
            if match and glob.port in (None, port):
                return f"{called} has {glob.text!r}"
        return f"{self.only_called} has no entry for {host!r}" if self.only and not allowed else None


def _some(globs: Sequence[HostGlob], name: str, port: int | None) -> bool:
    return any(glob.matches_name(name) and (port is None or glob.port in (None, port)) for glob in globs)


def rules_of(configured: tuple[Sequence[str], Sequence[str]], own: tuple[Sequence[str], Sequence[str]]) -> Rules:
    """The rules of a jail: of the configuration and its own, each `only_hosts` and `deny_hosts`. Raises ValueError."""
    only = own[0] or configured[0]
    deny = [(text, "--deny-host") for text in own[1]] + [(text, "jail.deny_hosts") for text in configured[1]]
    return Rules(
        only=tuple(map(_parse, only)),
        deny=tuple(_parse(text) for text, _ in deny),
        only_called="--only-host" if own[0] else "jail.only_hosts",
        deny_called=tuple(called for _, called in deny),
    )


def _parse(text: str) -> HostGlob:
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"the host {text!r} {error}") from None


ADDRESSES, NAMES = 8192, 32
"""How many addresses are remembered for a jail, and how many names for each."""


class Memory:
    """Which names each address was the answer for. What is forgotten first is what was not asked for longest."""

    def __init__(self, addresses: int = ADDRESSES, names: int = NAMES) -> None:
        self._limit, self._names_limit = addresses, names
        self._names: OrderedDict[Address, OrderedDict[str, None]] = OrderedDict()

    def remember(self, name: str, addresses: Iterable[Address]) -> None:
        """Adds an answer."""
        name = canonical(name)
        for address in map(plain, addresses):
            names = self._names.setdefault(address, OrderedDict())
            names[name] = None
            names.move_to_end(name)
            if len(names) > self._names_limit:
                names.popitem(last=False)
            self._names.move_to_end(address)
        while len(self._names) > self._limit:
            self._names.popitem(last=False)

    def names(self, address: Address) -> tuple[str, ...]:
        """The names of an address, the latest last."""
        address = plain(address)
        if address not in self._names:
            return ()
        self._names.move_to_end(address)
        return tuple(self._names[address])


def split_authority(text: str) -> tuple[str, int | None]:
    """Host and port of an authority (RFC 9110 §7.2); no port if there is none, or none that is a number."""
    text = text.strip()
    if as_address(text) is not None:
        return text, None
    host, colon, port = text.rpartition(":")
    if colon and (not port or (port.isascii() and port.isdigit())):
        return host, int(port) if 0 < len(port) <= 5 else None
    return text, None
