"""Real programs that fetch something over TLS, one or more of each family."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.jail.trust.site import MARK

HERE = Path(__file__).parent
URLLIB = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read())"
REQUESTS = "import sys, requests; print(requests.get(sys.argv[1]).text)"
HTTPX = "import sys, httpx; print(httpx.get(sys.argv[1]).text)"
FETCH = "fetch(process.argv[1]).then(r => r.text()).then(console.log)"
HTTPS = "require('https').get(process.argv[1], r => r.on('data', d => console.log('' + d)))"
PIP = [sys.executable, "-m", "pip", "--no-cache-dir", "--disable-pip-version-check", "--retries", "0"]
NPM = ["npm", "--fetch-retries=0", "--no-update-notifier", "view", "smallthing", "version", "--registry"]
CLIENTS: dict[str, list[str]] = {
    "curl": ["curl", "-sS", "URL/"],
    "openssl": ["openssl", "s_client", "-verify_return_error", "-verify_hostname", "localhost", "-connect", "HOST"],
    "git": ["git", "ls-remote", "URL/repo.git"],
    "python-ssl": [sys.executable, "-c", URLLIB, "URL/"],
    "requests": [sys.executable, "-c", REQUESTS, "URL/"],
    "httpx": [sys.executable, "-c", HTTPX, "URL/"],
    "node-fetch": ["node", "-e", FETCH, "URL/"],
    "node-https": ["node", "-e", HTTPS, "URL/"],
    "pip": [*PIP, "index", "versions", "--index-url", "URL/simple", "smallthing"],
    "npm": [*NPM, "URL/npm/"],
    "java": ["java", str(HERE / "Get.java"), "URL/"],
    "wget": ["wget", "-qO-", "URL/"],
}
EXPECTED = {"pip": "7.1.9", "npm": "7.1.9", "openssl": "Verify return code: 0 (ok)"}


def command(client: str, url: str) -> list[str]:
    """The command line of a client."""
    return [part.replace("URL", url).replace("HOST", url.partition("//")[2]) for part in CLIENTS[client]]


def bare(home: Path) -> dict[str, str]:
    """An environment that says nothing about certificates."""
    nowhere = {"GIT_CONFIG_NOSYSTEM": "1", "npm_config_globalconfig": str(home / "none"), "PIP_CONFIG_FILE": os.devnull}
    return {"PATH": os.environ["PATH"], "HOME": str(home), **nowhere}


def succeeds(client: str, arguments: list[str], environment: Mapping[str, str]) -> bool:
    """Whether the client got what it asked for. Everything it says is printed, for a test that fails."""
    done = subprocess.run(
        arguments,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    print(done.stdout[-3000:], done.stderr[-3000:])
    return done.returncode == 0 and EXPECTED.get(client, MARK) in done.stdout
