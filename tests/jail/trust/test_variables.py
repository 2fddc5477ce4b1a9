"""Programs that read a variable trust the CA with it, and not without."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from ccproxy.jail import trust
from tests.jail.trust.clients import CLIENTS, bare, command, succeeds
from tests.jail.trust.site import serve
from tests.support.tls import Authority

BY_MOUNT_ONLY = {"java", "wget"}  # this wget is GnuTLS
BY_VARIABLE = sorted(CLIENTS.keys() - BY_MOUNT_ONLY)


def on_the_shelf(ca: bytes, shelf: Path, environment: dict[str, str]) -> dict[str, str]:
    """The environment that a jail's command gets, its shelf filled."""
    for path, content in trust.files(ca, shelf, environment).items():
        if Path(path).is_relative_to(shelf):
            Path(path).write_bytes(content)
    return environment | trust.variables(environment, shelf)


@pytest.mark.parametrize("client", BY_VARIABLE)
def test_trusted_with_the_variables_and_only_then(
    client: str, site: str, authority: Authority, shelf: Path, home: Path
) -> None:
    environment = bare(home)
    inside = on_the_shelf(authority.ca_file.read_bytes(), shelf, environment)
    assert not succeeds(client, command(client, site), environment)
    assert succeeds(client, command(client, site), inside)


NAMED = {
    "curl": "CURL_CA_BUNDLE",
    "git": "GIT_SSL_CAINFO",
    "python-ssl": "SSL_CERT_FILE",
    "requests": "REQUESTS_CA_BUNDLE",
    "httpx": "SSL_CERT_FILE",
    "node-fetch": "NODE_EXTRA_CA_CERTS",
    "pip": "PIP_CERT",
    "npm": "NPM_CONFIG_CAFILE",
}


@pytest.mark.parametrize("client", sorted(NAMED))
def test_what_the_user_trusts_by_the_same_variable_stays_trusted(
    client: str, site: str, authority: Authority, shelf: Path, home: Path
) -> None:
    environment = bare(home) | {NAMED[client]: str(authority.ca_file)}
    ca = trustme.CA()
    inside = on_the_shelf(ca.cert_pem.bytes(), shelf, environment)
    assert succeeds(client, command(client, site), inside)
    with serve(Authority(home).server_context()) as stranger:
        assert not succeeds(client, command(client, stranger), inside)


def test_a_file_in_the_configuration_of_npm_does_not_win(
    site: str, authority: Authority, shelf: Path, home: Path
) -> None:
    own = home / "company.pem"
    own.write_bytes(trustme.CA().cert_pem.bytes())
    (home / ".npmrc").write_text(f"cafile={own}\n")
    assert succeeds("npm", command("npm", site), on_the_shelf(authority.ca_file.read_bytes(), shelf, bare(home)))


def test_a_directory_of_hashed_names_named_by_the_user_stays_trusted(
    site: str, authority: Authority, shelf: Path, home: Path
) -> None:
    from ccproxy.jail.anchors import subject_hash
    from ccproxy.jail.java import der

    pem = authority.ca_file.read_bytes()
    (home / f"{subject_hash(der(pem))}.0").write_bytes(pem)
    environment = bare(home) | {"REQUESTS_CA_BUNDLE": str(home)}
    assert succeeds("requests", command("requests", site), environment)
    inside = on_the_shelf(trustme.CA().cert_pem.bytes(), shelf, environment)
    assert succeeds("requests", command("requests", site), inside)


def test_variables_that_are_not_ours_stay(shelf: Path) -> None:
    assert "SSL_CERT_DIR" not in trust.variables({"SSL_CERT_DIR": "/etc/ssl/certs"}, shelf)
    assert "CONDA_SSL_VERIFY" not in trust.variables({"CONDA_SSL_VERIFY": "true"}, shelf)
    assert "NPM_CONFIG_CAFILE" not in trust.variables({}, shelf)


def test_proxies_are_removed_whatever_their_case() -> None:
    environment = {"HTTPS_PROXY": "http://127.0.0.1:8080", "all_proxy": "socks5://x", "NO_PROXY": "*", "http_proxy": ""}
    assert trust.removed(environment) == ("HTTPS_PROXY", "all_proxy")
