"""Fixtures of the hooks' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.perplexity.server import PerplexitySite


@pytest.fixture
def site() -> Iterator[PerplexitySite]:
    """A stand-in for Perplexity's web application."""
    made = PerplexitySite()
    yield made
    made.stop()
