"""WebSocket messages out of raw frames."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Event, Ping, Request, TextMessage
from wsproto.extensions import PerMessageDeflate

from ccproxy.flows import frames
from ccproxy.flows.frames import Message, messages

type Sender = Callable[[Event], bytes]


def connected(*, deflate: bool = False, takeover: bool = True) -> tuple[Sender, Sender, bytes | None]:
    """The sending ends of a connection after its handshake, and what extensions were agreed."""
    client, server = WSConnection(ConnectionType.CLIENT), WSConnection(ConnectionType.SERVER)
    offers = [PerMessageDeflate()] if deflate else []
    server.receive_data(client.send(Request(host="x", target="/", extensions=list(offers))))
    list(server.events())
    mine = PerMessageDeflate(client_no_context_takeover=not takeover, server_no_context_takeover=not takeover)
    answer = server.send(AcceptConnection(extensions=[mine] if deflate else []))
    client.receive_data(answer)
    list(client.events())
    agreed = [line[26:] for line in answer.split(b"\r\n") if line.lower().startswith(b"sec-websocket-extensions: ")]
    return client.send, server.send, agreed[0] if agreed else None


@pytest.mark.parametrize(("deflate", "takeover"), [(False, True), (True, True), (True, False)])
def test_messages_of_both_sides(deflate: bool, takeover: bool) -> None:
    client, server, extensions = connected(deflate=deflate, takeover=takeover)
    assert bool(extensions) is deflate
    for send, from_client in ((client, True), (server, False)):
        begin = send(TextMessage("grüß", message_finished=False)) + send(TextMessage("e", message_finished=True))
        raw = begin + b"".join(
            [
                send(Ping(b"are you there")),
                send(BytesMessage(b"\x00" * 70_000)),
                send(TextMessage("grüße")),
                send(CloseConnection(1000, "bye")),
            ]
        )
        expected = [
            Message("grüße".encode(), True),
            Message(b"\x00" * 70_000, False),
            Message("grüße".encode(), True),
            Message(b"bye", True, 1000),
        ]
        assert messages([raw], from_client=from_client, extensions=extensions) == expected
        bytewise = [raw[at : at + 1] for at in range(len(raw))]
        assert messages(bytewise[: len(begin) + 20], from_client=from_client, extensions=extensions) == expected[:1]
        assert messages(bytewise, from_client=from_client, extensions=extensions) == expected


def test_what_is_unreadable_ends_the_list() -> None:
    client, _, _ = connected()
    good, bad = client(TextMessage("one")), b"\xff\xff\xff\xff"
    assert messages([good, bad, good], from_client=True, extensions=None) == [Message(b"one", True)]
    assert messages([good], from_client=False, extensions=None) == []
    assert messages([good], from_client=True, extensions=b"permessage-deflate; server_max_window_bits=99") == [
        Message(b"one", True)
    ]


def test_bombs_are_defused(monkeypatch: pytest.MonkeyPatch) -> None:
    client, _, extensions = connected(deflate=True)
    monkeypatch.setattr(frames, "MAX_DECODED_BYTES", 100_000)
    raw = client(TextMessage("x")) + client(BytesMessage(b"\x00" * 1_000_000))
    assert messages([raw], from_client=True, extensions=extensions) == [Message(b"x", True)]


@given(raw=st.lists(st.binary(max_size=60), max_size=4), from_client=st.booleans(), deflate=st.booleans())
def test_arbitrary_bytes_never_raise(raw: list[bytes], from_client: bool, deflate: bool) -> None:
    messages(raw, from_client=from_client, extensions=b"permessage-deflate" if deflate else None)
