"""What web pages of other sites may not do with the listener, whether their requests have an Origin or not."""

from __future__ import annotations

import pytest

from ccproxy.exchange import Origin
from ccproxy.gateway.errors import Refused
from ccproxy.gateway.origin_check import refuse_foreign_origin
from tests.gateway.test_code_assist_routes import ONE, OTHERS, asked, refused, router, seen

CALLS = ["/v1internal:generateContent", "/v1internal:retrieveUserQuota", "/v1internal/operations/op-1"]


@pytest.mark.parametrize("site", [b"cross-site", b"same-site", b" Cross-Site "])
def test_a_picture_of_another_site(site: bytes) -> None:
    with pytest.raises(Refused) as caught:
        refuse_foreign_origin({b"sec-fetch-site": site, b"sec-fetch-mode": b"no-cors"})
    assert (caught.value.status, caught.value.kind) == (403, "foreign_origin")
    assert site.strip().lower().decode() in caught.value.message


@pytest.mark.parametrize("site", [b"none", b"same-origin", b""])
def test_what_people_do_themselves(site: bytes) -> None:
    refuse_foreign_origin({b"sec-fetch-site": site, b"sec-fetch-mode": b"navigate"})


def test_a_page_of_this_machine_on_another_port() -> None:
    refuse_foreign_origin({b"origin": b"http://localhost:3000", b"sec-fetch-site": b"same-site"})
    refuse_foreign_origin({b"origin": b"http://localhost:3000", b"sec-fetch-site": b"cross-site"})
    with pytest.raises(Refused):
        refuse_foreign_origin({b"origin": b"https://example.com", b"sec-fetch-site": b"none"})


NAMES = [
    "evil.example:4000",
    "evil.example",
    "127.0.0.1.evil.example:4000",
    "localhost.evil.example",
    "localhost@evil.example",
]
NAMES += ["[::1", "", ":4000", "[evil.example]"]


@pytest.mark.parametrize("host", NAMES)
@pytest.mark.parametrize("path", CALLS)
def test_a_name_that_anyone_may_have_is_no_place_for_a_login(path: str, host: str) -> None:
    refusal = refused(router(ONE), asked(path, host=host))
    assert (refusal.status, refusal.kind) == (403, "foreign_host")
    for words in (repr(host), path, "localhost", "sk-ant-oat-ccproxy-NAME", "dest_provider"):
        assert words in refusal.message


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:4000", "127.1.2.3", "[::1]:4000", "localhost:4000", "LocalHost", "192.0.2.7:4000", "[2001:db8::1]"],
)
def test_an_address_is_one(host: str) -> None:
    assert seen(router(ONE).route(asked(CALLS[0], host=host)))[0] == "login"


def test_a_key_a_rule_and_a_jail_say_what_is_meant() -> None:
    evil = "evil.example:4000"
    assert seen(router(ONE).route(asked(CALLS[0], "login", {}, host=evil)))[0] == "login"
    rules = router(ONE, {"match_path": "^/v1internal", "dest_provider": "login"})
    assert seen(rules.route(asked(CALLS[0], body={}, host=evil)))[0] == "login"
    jailed = asked(CALLS[0], host=evil)
    jailed.exchange.destination = Origin("https", "cloudcode-pa.googleapis.com", 443)
    assert router(ONE).route(jailed).route.action == "passthrough"


WAYS_OUT = [
    "/v1internal/../v1/x", "/v1internal/operations/../../v1/x", "/v1internal:x/..", "/v1internal/./x",
    "/v1internal/%2e%2e/v1/x", "/v1internal/%2E./v1/x", "/v1internal:..%2f..%2Fv1", "/v1internal/..%5cv1",
    "/v1internal/..\\v1",
]  # fmt: skip


@pytest.mark.parametrize("path", WAYS_OUT)
@pytest.mark.parametrize("key", [None, "login", "gem"])
def test_dots_do_not_lead_out_of_it(path: str, key: str | None) -> None:
    refusal = refused(router(ONE), asked(path, key, {}))
    assert (refusal.status, refusal.kind) == (501, "no_route" if key is None else "not_translated")
    assert path in refusal.message
    if key is None:
        assert refused(router(OTHERS), asked(path)).status == 501


def test_dots_in_a_name_are_none() -> None:
    assert seen(router(ONE).route(asked("/v1internal/operations/op..1.", body={})))[0] == "login"
