"""The schema that `doctor --json` is documented by, read where it is installed."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator


def schema() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(files("ccproxy.jail").joinpath("doctor.schema.json").read_text())
    return read


def validate(value: Any) -> None:
    Draft202012Validator(schema()).validate(value)


def is_valid(value: Any) -> bool:
    return Draft202012Validator(schema()).is_valid(value)
