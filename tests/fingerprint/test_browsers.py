"""What a provider sees of connections that look like a browser: the JA4 that is published for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fingerprint.conftest import Provider
from tests.support.daemon import Daemon

PUBLISHED = {
    # FoxIO-LLC/ja4: the example of technical_details/JA4.md, and "Chromium Browser" in ja4plus-mapping.csv
    "chrome99": "t13d1516h2_8daaf6152771_e5627efa2ab1",
    "chrome131": "t13d1516h2_8daaf6152771_02713d6af862",
    # 0x676e67/wreq-util, tests of its Firefox133 and Safari18_5
    "firefox133": "t13d1716h2_5b57614c22b0_eeeea6562960",
    "safari184": "t13d2014h2_a09f3c656075_e42f34c56612",
}


@pytest.fixture(scope="module")
def daemon(provider: Provider) -> Iterator[Daemon]:
    with Daemon(provider.config("chrome", *PUBLISHED)) as started:
        yield started


@pytest.mark.parametrize("browser", PUBLISHED)
def test_the_provider_sees_the_browser(daemon: Daemon, provider: Provider, browser: str) -> None:
    assert provider.ja4_of(daemon, browser) == PUBLISHED[browser]


def test_the_latest_of_its_kind(daemon: Daemon, provider: Provider) -> None:
    assert provider.ja4_of(daemon, "chrome").startswith("t13d1516h2_8daaf6152771_")
