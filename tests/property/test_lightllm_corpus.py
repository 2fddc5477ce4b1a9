"""The seeds of the fuzz targets, so that neither they nor the targets rot between two runs of `make fuzz`."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccproxy.exchange import CLIENT_FORMATS
from fuzz.targets import TARGETS, run

CORPUS = Path(__file__).parents[2] / "fuzz" / "corpus"


@pytest.mark.parametrize("name", TARGETS)
def test_seeds(name: str) -> None:
    seeds = [file.read_bytes() for file in sorted((CORPUS / name).iterdir())]
    assert {seed[0] for seed in seeds} == set(range(len(CLIENT_FORMATS)))
    for seed in seeds:
        run(name, seed)
