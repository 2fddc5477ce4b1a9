"""Of what flows outputs are kept."""

from __future__ import annotations

from tests.golden.made import RECORDED, SAMPLE

KINDS = {"sample": (SAMPLE, 24, 11), "recorded": (RECORDED, 1000, 70)}
"""Directory, how many flows, and how many lie between two that are shown by themselves."""
