"""A stand for all tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fronts.interceptor.native.stand import Stand
from tests.support.tls import Authority


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Stand]:
    made = Stand(tmp_path_factory.mktemp("mitmproxy"), authority.ca_file)
    yield made
    made.stop()
