"""Runs one target under atheris: `python -m fuzz.target NAME [libFuzzer's options] DIRECTORY…`. See fuzz/run."""

from __future__ import annotations

import random
import re
import sys

import atheris
import orjson

with atheris.instrument_imports(include=["ccproxy.lightllm", "ccproxy.pipeline"]):
    from ccproxy.exchange import WireFormat
    from ccproxy.lightllm.formats import buffered_module, errors_module, request_module, stream_module
    from fuzz.targets import run

    for each in WireFormat:  # loaded now, so that they are instrumented
        for module in (stream_module, buffered_module, errors_module, request_module):
            module(each)

from tests.support.disorder import bend, to_json

JSON = re.compile(rb"(?<![^\n ])\{|\A\{")
"""Where a document may begin: an event's data, or all there is."""


def mutated(data: bytes, longest: int, seed: int) -> bytes:
    """A new input: half of them other bytes, half of them the same JSON with a value spoilt."""
    chance = random.Random(seed)  # noqa: S311
    head, rest = data[:2], data[2:]
    places = [found.start() for found in JSON.finditer(rest)]
    if chance.random() < 0.5 or not places:
        return bytes(atheris.Mutate(data, longest))
    start = chance.choice(places)
    end = rest.find(b"\n", start)
    end = len(rest) if end < 0 else end
    try:
        document = bend(orjson.loads(rest[start:end]), chance.randrange)
    except (orjson.JSONDecodeError, RecursionError):
        return bytes(atheris.Mutate(data, longest))
    return (head + rest[:start] + to_json(document) + rest[end:])[:longest]


def main() -> None:
    """Runs the target that the first argument names."""
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, lambda data: run(name, data), custom_mutator=mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
