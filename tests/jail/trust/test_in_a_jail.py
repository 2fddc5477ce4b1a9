"""Programs in a real jail trust what the daemon shows them, told by variables or not."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.jail.trust.clients import FETCH, HERE, HTTPS, HTTPX, REQUESTS, URLLIB
from tests.support.jailed import House
from tests.support.outer import Outer, Person, people

HOST = "www.example.test"
URL = f"https://{HOST}/"
WITH_VARIABLES = {
    "requests": ["python", "-c", REQUESTS, URL],
    "httpx": ["python", "-c", HTTPX, URL],
    "node-fetch": ["node", "-e", FETCH, URL],
    "node-https": ["node", "-e", HTTPS, URL],
}
WITHOUT = {
    "curl": ["curl", "-sS", URL],
    "openssl": ["openssl", "s_client", "-verify_return_error", "-connect", f"{HOST}:443"],
    "openssl-directory": ["openssl", "s_client", "-verify_return_error", "-no-CAfile", "-connect", f"{HOST}:443"],
    "python-ssl": ["python", "-c", URLLIB, URL],
    "wget": ["wget", "-qO-", URL],
    "java": ["java", str(HERE / "Get.java"), URL],
}
EXPECTED = {"openssl": "Verify return code: 0 (ok)", "openssl-directory": "Verify return code: 0 (ok)"}


@pytest.fixture(scope="module", params=people(), ids=lambda person: person.name)
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    person: Person = request.param
    with Outer(person) as outer, House(outer) as house:
        yield house


def said(house: House, *command: str, **more: object) -> str:
    done = house.jail(*command, **more)
    assert done.returncode == 0, done.stderr
    return str(done.stdout, "utf-8", "replace")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("client", sorted(WITH_VARIABLES | WITHOUT))
def test_trusted_as_it_is(client: str, house: House) -> None:
    expected = EXPECTED.get(client, f"hello from {HOST}")
    assert expected in said(house, *(WITH_VARIABLES | WITHOUT)[client])


@pytest.mark.timeout(120)
@pytest.mark.parametrize("client", sorted(WITHOUT))
def test_trusted_with_an_emptied_environment(client: str, house: House) -> None:
    expected = EXPECTED.get(client, f"hello from {HOST}")
    emptied = ["sh", "-c", 'exec env -i PATH="$PATH" HOME="$HOME" "$@"', "sh", *WITHOUT[client]]
    assert expected in said(house, *emptied)


@pytest.mark.timeout(120)
def test_proxies_are_not_set_inside_and_that_is_said(house: House) -> None:
    done = house.jail("env", env={"HTTPS_PROXY": "http://127.0.0.1:9", "all_proxy": "socks5://127.0.0.1:9"})
    assert done.returncode == 0
    names = {line.partition("=")[0] for line in done.stdout.decode().splitlines()}
    assert "SSL_CERT_FILE" in names
    assert not {"HTTPS_PROXY", "all_proxy"} & names
    assert done.stderr.count(b"HTTPS_PROXY, all_proxy") == len(done.stderr.splitlines()) == 1


@pytest.mark.timeout(120)
def test_the_keys_of_the_ca_are_nowhere_inside(house: House) -> None:
    search = 'cd "${SSL_CERT_FILE%/*}" && ls && cat ./*.pem'
    text = said(house, "sh", "-c", search)
    assert {"ca.pem", "ca-bundle.pem", "ca-extra.pem"} <= set(text.split())
    assert "PRIVATE KEY" not in text


@pytest.mark.timeout(120)
def test_the_key_log_opens_the_packets_of_the_jail_that_asked(house: House) -> None:
    seen = {}
    for path, options in (("/closed", ()), ("/open", ("--keylog",))):
        pcap = house.home.root / "home" / f"{path[1:]}.pcap"
        done = house.jail("curl", "-sS", "--http1.1", URL[:-1] + path, options=("--pcap", str(pcap), *options))
        assert done.returncode == 0, done.stderr
        keylogs = list(house.home.root.rglob("tls.keylog"))
        assert bool(keylogs) is bool(options)
        secrets = [part for file in keylogs for part in ("-o", f"tls.keylog_file:{file}")]
        read = ["tshark", "-r", str(pcap), *secrets, "-Y", "http.request", "-T", "fields", "-e", "http.request.uri"]
        seen[path] = subprocess.run(read, capture_output=True, text=True, timeout=50, check=True).stdout.split()
    assert seen == {"/closed": [], "/open": ["/open"]}


@pytest.mark.timeout(120)
def test_nothing_of_it_is_left_outside(house: House) -> None:
    before = house.outer.run(["sh", "-c", "sha256sum /etc/ssl/certs/*; ls -A /etc/ssl/certs"]).stdout
    said(house, "true")
    assert house.outer.run(["sh", "-c", "sha256sum /etc/ssl/certs/*; ls -A /etc/ssl/certs"]).stdout == before
