"""What makes programs in a jail trust ccproxy's CA: files that stand in for the system's, and variables.

Nobody loses a certificate: every bundle inside is one that was trusted outside, and ccproxy's CA before it (first,
because some programs read only the first certificate of a file).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ccproxy.jail import anchors, java
from ccproxy.jail.bundles import joined, named_by, read_directory, system_bundles

if TYPE_CHECKING:
    from pathlib import Path

BUNDLE, EXTRA, CA = "ca-bundle.pem", "ca-extra.pem", "ca.pem"
"""Names on the shelf: everything that is trusted; what is trusted beside a program's own collection; the CA alone."""
HASHED_DIRECTORY = "/etc/ssl/certs"
"""Read where a machine has no bundle."""

REPLACING = {
    "SSL_CERT_FILE": "OpenSSL and what uses its defaults: Python's ssl, httpx, aiohttp, Ruby, PHP, Perl, .NET; Go; "
    "rustls-native-certs and rustls-platform-verifier; uv; LibreSSL; curl on OpenSSL",
    "NIX_SSL_CERT_FILE": "OpenSSL, curl, Git, Go as Nix builds them: before SSL_CERT_FILE",
    "CURL_CA_BUNDLE": "the program curl, not libcurl; requests where REQUESTS_CA_BUNDLE is not set; R",
    "REQUESTS_CA_BUNDLE": "Python's requests, which trusts certifi otherwise, and what is built on it: conda, Poetry",
    "PIP_CERT": "pip, in place of its own certifi and of the `cert` of its configuration file",
    "GIT_SSL_CAINFO": "Git over HTTPS, before `http.sslCAInfo`",
    "npm_config_cafile": "npm, pnpm and yarn 1, before the `cafile` of .npmrc",
    "AWS_CA_BUNDLE": "the AWS command line and its SDKs (botocore, JavaScript, Rust)",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": "gcloud",
    "HTTPLIB2_CA_CERTS": "Python's httplib2, which Google's older client libraries use",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": "gRPC's C core and what wraps it: Python, Ruby, PHP, C++; grpc-js",
    "CARGO_HTTP_CAINFO": "Cargo, before `http.cainfo`",
    "BUNDLE_SSL_CA_CERT": "Ruby's Bundler",
    "PERL_LWP_SSL_CA_FILE": "Perl's LWP, which trusts Mozilla::CA otherwise",
    "HEX_CACERTS_PATH": "Elixir's Hex",
    "CODEX_CA_CERTIFICATE": "Codex, before SSL_CERT_FILE",
    "JULIA_SSL_CA_ROOTS_PATH": "Julia's package manager and downloads",
}
"""Variables that name all that a program then trusts, and who reads them."""
ADDING = {
    "NODE_EXTRA_CA_CERTS": "Node.js and Electron programs; Bun; Deno from 2.8 on",
    "DENO_CERT": "Deno, beside the stores of DENO_TLS_CA_STORE",
}
"""Variables that name what a program trusts beside its own collection, and who reads them."""
IF_NAMED = {
    "NPM_CONFIG_CAFILE": "npm, which reads its variables in any case",
    "YARN_HTTPS_CA_FILE_PATH": "yarn from 2 on",
    "CONDA_SSL_VERIFY": "conda, before REQUESTS_CA_BUNDLE; may be a word instead",
    "SYSTEM_CERTIFICATE_PATH": "programs in Haskell",
}
"""Variables that replace what a program trusts, but are not needed where the user has not set them to a file."""
PROXIES = frozenset(
    {
        "http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "ws_proxy", "wss_proxy", "socks_proxy",
        "npm_config_proxy", "npm_config_https_proxy", "npm_config_http_proxy", "yarn_http_proxy", "yarn_https_proxy",
        "cargo_http_proxy", "pip_proxy", "global_agent_http_proxy", "global_agent_https_proxy",
        "cloudsdk_proxy_address",
    }
)  # fmt: skip
"""Variables that lead to a proxy, in lower case. Inside, the proxy's address is out of reach (a jail has a loopback of
its own, and private addresses are refused), and what went through it could not be read."""


def files(ca: bytes, shelf: Path, environment: Mapping[str, str] | None = None) -> dict[str, bytes]:
    """What is to be read in place of what is there, by absolute path: the shelf's own files, the system's bundles and
    Java's stores with ccproxy's CA (PEM) in them, and new files in directories that exist. `environment` is the
    command's; None: this process's. Raises ValueError if `ca` is no certificate."""
    environment = os.environ if environment is None else environment
    system = system_bundles()
    named = tuple(named_by(environment.get(name) for name in (*REPLACING, *IF_NAMED, *ADDING)))
    usual = next(iter(system.values()), None) or read_directory(HASHED_DIRECTORY)
    return {
        str(shelf / CA): joined([ca]),
        str(shelf / EXTRA): joined([ca, *named_by(environment.get(name) for name in ADDING)]),
        str(shelf / BUNDLE): joined([ca, usual, *named]),
        **{path: joined([ca, content]) for path, content in system.items()},
        **java.stores(ca, environment),
        **anchors.additions(ca),
    }


def variables(environment: Mapping[str, str], shelf: Path) -> dict[str, str]:
    """What is added to the command's environment or changed in it."""
    bundle, extra = str(shelf / BUNDLE), str(shelf / EXTRA)
    return {
        **dict.fromkeys(REPLACING, bundle),
        **dict.fromkeys(ADDING, extra),
        **{name: bundle for name in IF_NAMED if os.path.exists(environment.get(name, ""))},
    }


def removed(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The variables that lead to a proxy, to be taken out of the command's environment, and its user told."""
    return tuple(sorted(name for name, value in environment.items() if value and name.lower() in PROXIES))
