"""Credentials out of a record, wherever they are, and back to the last byte; what is none stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ccproxy.codings import decode, encode
from ccproxy.exchange import (
    Attempt,
    Exchange,
    Failure,
    Header,
    HttpRequest,
    HttpResponse,
    Message,
    Process,
    RawRecord,
    WebSocketRecord,
)
from ccproxy.flows.frames import messages
from ccproxy.flows.record.frame import pack
from ccproxy.flows.record.record import Record, RecordError, from_record, to_record, without_bodies
from ccproxy.flows.secrets.commands import without_credentials
from ccproxy.flows.secrets.secrets import NOTHING, Secrets, put_back, redacted, take_out
from ccproxy.flows.summary import detail, summarize

LETTERS = "Aa1Bb2Cc3Dd4Ee5Ff6Gg7Hh8Ii9Jj0Kk1Ll2Mm3Nn4"
PEM = "-----BEGIN RSA PRIVATE KEY-----\n" + f"{LETTERS}+/=\n" * 3 + "-----END RSA PRIVATE KEY-----"
KEYS = [
    f"sk-ant-api03-{LETTERS}",
    f"sk-ant-oat01-{LETTERS}-{LETTERS}",
    f"sk-proj-{LETTERS}_{LETTERS}",
    f"sk-or-v1-{LETTERS}",
    f"sk-{LETTERS}",
    f"AIza{LETTERS[:35]}",
    f"ya29.{LETTERS}",
    f"1//0{LETTERS}",
    f"ghp_{LETTERS[:36]}",
    f"github_pat_{LETTERS}",
    f"glpat-{LETTERS[:20]}",
    f"xoxb-{LETTERS}",
    "AKIAABCDEFGH23456789",
    f"hf_{LETTERS[:34]}",
    f"gsk_{LETTERS}abcdefghijkl",
    f"eyJhbGciOiJub25lIn0.{LETTERS}.{LETTERS}",
]
OPAQUE = "opaque-0123456789-credential"
"""No format tells what it is; its place does."""
SENTINEL = "sk-ant-oat-ccproxy-main"

type Plant = Callable[[Exchange, str], None]


def as_json(ex: Exchange, value: str) -> None:
    ex.request.body = json.dumps({"messages": [{"role": "user", "content": f"use this:\n{value}\nplease"}]}).encode()


def as_stream(ex: Exchange, value: str) -> None:
    assert ex.provider_response is not None
    ex.provider_response.chunks = [b"data: " + json.dumps({"text": value}).encode() + b"\n\n", b"data: [DONE]\n\n"]


def coded(coding: str) -> Plant:
    def plant(ex: Exchange, value: str) -> None:
        ex.response = HttpResponse(200, [(b"Content-Encoding", coding.encode())], complete=True)
        ex.response.chunks = [encode(json.dumps({"said": value}).encode(), coding)]

    return plant


def frame(content: bytes, mask: bytes = b"") -> bytes:
    size = len(content)
    length = (
        bytes([size | (0x80 if mask else 0)]) if size < 126 else bytes([126 | (0x80 if mask else 0), *size.to_bytes(2)])
    )
    return (
        b"\x81" + length + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(content))
        if mask
        else (b"\x81" + length + content)
    )


def in_client_frames(ex: Exchange, value: str) -> None:
    ex.websocket = WebSocketRecord([frame(b"{}", b"abcd"), frame(json.dumps({"x": value}).encode(), b"wxyz")])


def in_server_frames(ex: Exchange, value: str) -> None:
    ex.websocket = WebSocketRecord(from_server=[frame(json.dumps({"x": value}).encode()), frame(b"{}")])


def in_pieces_of_tcp(ex: Exchange, value: str) -> None:
    data = f"hello {value} bye".encode()
    pieces = [data[at : at + 9] for at in range(0, len(data), 9)]
    ex.raw = RawRecord([Message(True, piece, 1.0) for piece in pieces])


def in_header(name: str) -> Plant:
    return lambda ex, value: ex.request.headers.append((name.encode(), value.replace("\n", " ").encode()))


def in_attempt(ex: Exchange, value: str) -> None:
    ex.attempts = [Attempt(interim=[(103, [(b"set-cookie", b"a=" + OPAQUE.encode())])], body=value.encode())]


PLANTS: dict[str, Plant] = {
    "JSON": as_json,
    "SSE": as_stream,
    **{coding: coded(coding) for coding in ("gzip", "deflate", "br", "zstd", "gzip, br")},
    "client's frames": in_client_frames,
    "server's frames": in_server_frames,
    "pieces of TCP": in_pieces_of_tcp,
    "a header nobody knows": in_header("x-anything"),
    "an attempt": in_attempt,
    "a failure": lambda ex, value: setattr(ex, "failure", Failure("credentials", f"the key {value} was refused")),
    "a command line": lambda ex, value: setattr(ex, "process", Process(("tool", "--key", value), 1)),
    "a tag": lambda ex, value: ex.tags.update(key=value),
}


def plain() -> Exchange:
    response = HttpResponse(200, [(b"content-type", b"application/json")], chunks=[b'{"ok":true}'], complete=True)
    return Exchange(HttpRequest("POST", b"/v1/messages", [], b"{}"), provider_response=response, response=response)


def told(record: Record) -> bytes:
    """Everything in a record, codings and frames undone."""
    said = [pack(record), orjson.dumps(record.facts), *record.bodies]
    ex = from_record(record)
    for message in (ex.request, ex.provider_response, ex.response):
        coding = next((value.decode() for name, value in message.headers if name == b"Content-Encoding"), "")
        said.append(decode(message.body, coding))
    if ex.websocket is not None:
        for raw, from_client in ((ex.websocket.from_client, True), (ex.websocket.from_server, False)):
            said += [each.content for each in messages(raw, from_client=from_client, extensions=None)]
    if ex.raw is not None:
        said.append(b"".join(each.content for each in ex.raw.messages))
    return b"\n".join(said)


def clean(ex: Exchange) -> Record:
    """Its record without credentials, after a look that they come back."""
    record = to_record(ex)
    without, secrets = take_out(record)
    assert put_back(without, Secrets.from_bytes(secrets.to_bytes())) == record
    return without


@pytest.mark.parametrize("place", PLANTS)
def test_a_key_of_a_known_format_is_found_everywhere(place: str) -> None:
    for key in [*KEYS, PEM]:
        ex = plain()
        PLANTS[place](ex, key)
        without = clean(ex)
        said = told(without)
        assert take_out(without)[1] == NOTHING
        assert key.encode() not in said, key
        assert json.dumps(key)[1:-1].encode() not in said, key
        assert LETTERS[4:14].encode() not in said, key
        assert b"[redacted]" in said


@given(
    st.sampled_from(sorted(PLANTS)),
    st.sampled_from([*KEYS, PEM]),
    st.text(max_size=20),
    st.sampled_from(" \n\t\"'=:,(<[{"),
)
def test_whatever_stands_around_it(place: str, key: str, around: str, sign: str) -> None:
    ex, around = plain(), around.encode("utf-8", "replace").decode()
    PLANTS[place](ex, f"{around}{sign}{key}{sign}{around}")
    said = told(clean(ex))
    assert key.encode() not in said
    assert LETTERS[4:14].encode() not in said


NAMED = {
    b"application/json": [
        '{"access_token": "%s", "expires_in": 3600}', '{"tokens":{"id_token":"a","refreshToken" :\n"%s"}}',
        '{"mcp_servers":[{"type":"url","authorization_token":"%s"}]}',
        '{"tools":[{"headers":{"Authorization":"Bearer %s"}}]}',
        '{"password":"%s"}', '{"grant_type":"authorization_code","code":"%s"}', '{"client_secret":"%s\\"\\\\"}',
    ],
    b"application/x-www-form-urlencoded": ["grant_type=refresh_token&refresh_token=%s", "code=%s&code_verifier=x"],
    b"": ["client_id=a&client_secret=%s"],
    b"multipart/form-data; boundary=b": [
        '--b\r\nContent-Disposition: form-data; name="api_key"\r\n\r\n%s\r\n--b--\r\n'
    ],
}  # fmt: skip
FIELDS = ("Authorization", "x-api-key", "X-Goog-Api-Key", "cookie", "api-key", "Proxy-Authorization", "x-my-token")
TARGETS = ("/a?key=%s", "/a?b=1&access_token=%s&c=2", "/cb?code=%s", "/o?X-Amz-Signature=%s", "/b?sv=1&sig=%s")


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in NAMED.items() for text in texts])
def test_a_credential_is_known_by_the_name_of_its_member_or_field(kind: bytes, text: str) -> None:
    ex = plain()
    ex.request.headers.append((b"Content-Type", kind))
    ex.request.body = (text % OPAQUE).encode()
    without = clean(ex)
    assert OPAQUE.encode() not in told(without)
    if kind == b"application/json":
        assert json.loads(without.bodies[0]).keys() == json.loads(ex.request.body).keys()


@pytest.mark.parametrize("name", FIELDS)
def test_what_a_field_holds_is_not_told_where_it_is_repeated_either(name: str) -> None:
    ex = plain()
    scheme = "" if name.endswith("key") else "Bearer "
    ex.request.headers.append((name.encode(), f"{scheme}{OPAQUE}".encode()))
    if name != "cookie":
        ex.failure = Failure("refused", f"{OPAQUE} is not valid")
        ex.request.body = f"say {OPAQUE} twice: {OPAQUE}".encode()
    assert OPAQUE.encode() not in told(clean(ex))


def test_the_field_that_holds_the_providers_credential_may_have_any_name() -> None:
    ex = plain()
    ex.forwarded = HttpRequest("POST", b"/", [(b"X-Letmein", OPAQUE.encode())], b"{}")
    ex.credential_headers = frozenset({"x-letmein"})
    assert OPAQUE.encode() not in told(clean(ex))


def test_a_providers_cookie_is_not_told_where_its_answer_repeats_it() -> None:
    ex = plain()
    ex.forwarded = HttpRequest("POST", b"/", [(b"Cookie", f"seen=1; session={OPAQUE}; b=2".encode())], b"{}")
    ex.credential_headers = frozenset({"cookie"})
    ex.failure = Failure("refused", f"no session {OPAQUE}, seen=1")
    ex.response = HttpResponse(400, [], chunks=[f'{{"detail":"{OPAQUE} is bad"}}'.encode()], complete=True)
    said = told(clean(ex))
    assert OPAQUE.encode() not in said
    assert b"[redacted] is bad" in said
    assert b"no session [redacted], seen=1" in said


def test_by_what_a_thread_is_written_into_is_shown_to_nobody() -> None:
    """The archive keeps it beside the bodies: by that a conversation goes on after a restart."""
    ex = plain()
    token = "0b9d1c52-made-up-0000"
    ex.thread = {"slug": "river", "backend_uuid": "b", "read_write_token": token, "title": f"about {KEYS[0]}"}
    ex.request.body = json.dumps({"params": {"read_write_token": token}, "query_str": token}).encode()
    as_stream(ex, f"x {token}")
    without = clean(ex)
    assert without.facts["thread"] == ex.thread | {"title": "about [redacted]"}
    assert token.encode() not in b"".join(without.bodies)
    for shown in (redacted(ex), redacted(from_record(without))):
        assert shown.thread == ex.thread | {"title": "about [redacted]", "read_write_token": "[redacted]"}
        assert token.encode() not in told(to_record(shown))
        assert redacted(shown) is shown


@pytest.mark.parametrize("target", TARGETS)
def test_parameters_of_targets_and_of_links_in_fields(target: str) -> None:
    ex = plain()
    ex.request.target = (target % OPAQUE).encode()
    ex.request.headers.append((b"referer", b"https://example.com" + ex.request.target))
    without = clean(ex)
    assert OPAQUE.encode() not in told(without)
    assert without.facts["request"]["target"] == target % "[redacted]"


@pytest.mark.parametrize(
    "words",
    [
        "--api-key %s",
        "--api-key=%s",
        "env OTHER_API_KEY=%s",
        "-H|Authorization: Bearer %s",
        "--password %s",
        "-token %s",
    ],
)
def test_a_command_names_its_credentials(words: str) -> None:
    command = ("tool", *(words % "opaque").split("|" if "|" in words else " "), "--max-tokens", "5")
    ex = plain()
    ex.process = Process(command, 1)
    without = clean(ex)
    assert b"opaque" not in told(without)
    assert b"opaque" not in orjson.dumps(summarize(ex)["process"])
    assert detail(ex, secrets=True)["process"]["command"] == list(command)
    assert without.facts["process"]["command"][-2:] == ["--max-tokens", "5"]


@pytest.mark.parametrize("url", ["http://user:%s@proxy.test:3128", "socks5h://:%s@[::1]:1080/"])
def test_the_password_of_a_proxy(url: str) -> None:
    ex = plain()
    ex.failure = Failure("proxy", f"cannot reach {url % 'p%40ss'}: refused")
    ex.process = Process(("env", f"HTTPS_PROXY={url % 'p%40ss'}", "tool"), 1)
    without = clean(ex)
    assert b"p%40ss" not in told(without)
    assert url % "[redacted]" in without.facts["failure"]["message"]


def test_what_is_no_credential_stays() -> None:
    words = "tool --api-key --token sk-ant-oat-ccproxy-work --max-tokens 5 https://a.test:80/x@y --auth= a:b"
    assert without_credentials(words.split()) == words.split()

    ex = plain()
    ex.request.target = f"/v1beta/models/x:generateContent?key={SENTINEL}&alt=sse".encode()
    ex.request.headers += [(b"x-api-key", SENTINEL.encode()), (b"Authorization", f"Bearer {SENTINEL}".encode())]
    talk = 'Set "api_key": "your-key" in .env, or ?token=abc, or task-ant-colony-optimization-algorithms; sk-learn-like'
    tool = {"input_schema": {"properties": {"password": {"type": "string"}}}, "input": {"token": "a", "code": "x"}}
    ex.request.body = json.dumps({"messages": [{"content": talk}, tool], "k": SENTINEL, "code": "not_found"}).encode()
    record = to_record(ex)
    assert take_out(record) == (record, NOTHING)
    assert take_out(record)[0] is record
    assert redacted(ex) is ex


def test_frames_that_are_read_are_messages_again() -> None:
    ex = plain()
    in_client_frames(ex, KEYS[0])
    found = redacted(ex)
    assert found.websocket is not None
    said = messages(found.websocket.from_client, from_client=True, extensions=None)
    assert [json.loads(each.content) for each in said] == [{}, {"x": "[redacted]"}]


def test_a_record_that_lost_its_bodies_gets_its_fields_back() -> None:
    ex = plain()
    ex.request.headers.append((b"x-api-key", OPAQUE.encode()))
    for plant in (as_json, in_client_frames, in_pieces_of_tcp, in_attempt):
        plant(ex, KEYS[0])
    without, secrets = take_out(to_record(ex))
    back = from_record(put_back(without_bodies(without), secrets))
    assert back.request.headers == ex.request.headers
    assert KEYS[0].encode() not in told(to_record(back))


def test_secrets_of_another_flow_do_not_fit() -> None:
    ex = plain()
    PLANTS["a command line"](ex, KEYS[0])
    _, secrets = take_out(to_record(ex))
    with pytest.raises(RecordError, match="not those of this flow"):
        put_back(to_record(plain()), secrets)
    with pytest.raises(RecordError, match="cannot be read"):
        Secrets.from_bytes(b"[]")


PIECES = st.sampled_from(
    [*KEYS, OPAQUE, SENTINEL, '"access_token":"', '"', "\\", "\n", "{", "}", "password=", "&", "ü"]
)
BODIES = st.lists(PIECES | st.text(max_size=5), max_size=8).map(" ".join).map(str.encode) | st.binary(max_size=40)
FIELD: st.SearchStrategy[Header] = st.tuples(
    st.sampled_from([b"x-api-key", b"cookie", b"accept", b"content-encoding"]),
    st.sampled_from([b"gzip", b"br", OPAQUE.encode()]) | st.binary(max_size=12),
)


@given(
    BODIES, BODIES, st.lists(FIELD, max_size=3), st.lists(BODIES, max_size=4), st.lists(st.integers(0, 90), max_size=5)
)
@example(b"", KEYS[0].encode(), [], [KEYS[0].encode()], [0, 0, 60])
def test_every_record_comes_back(
    body: bytes, answer: bytes, fields: list[Any], frames: list[Any], cuts: list[int]
) -> None:
    ex = plain()
    ex.request = HttpRequest("POST", b"/?" + body, fields, body)
    ex.response = HttpResponse(200, fields, chunks=[answer], trailers=fields)
    parts = [answer[a:b] for a, b in zip([0, *sorted(cuts)], [*sorted(cuts), len(answer)], strict=True)]
    ex.websocket = WebSocketRecord(frames, [frame(part[:100]) for part in frames])
    ex.raw = RawRecord([Message(True, part, 1.0) for part in parts])
    without = from_record(clean(ex))
    assert without.raw is not None
    if KEYS[0].encode() in answer and ex.response.headers == []:
        said = b"".join(each.content for each in without.raw.messages)
        assert KEYS[0].encode() not in said
