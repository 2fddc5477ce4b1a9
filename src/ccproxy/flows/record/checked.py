"""A look at a flow that came from a file: whether everything in it is of its kind, so that whoever reads it may rely
on that."""

from __future__ import annotations

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError

from ccproxy.exchange import Exchange
from ccproxy.flows.record.record import Record, RecordError, to_record

CHECK = TypeAdapter(list[Exchange], config=ConfigDict(strict=True, revalidate_instances="always", allow_inf_nan=False))
"""Of a list, since pydantic takes settings for no dataclass that is not its own."""


def checked(ex: Exchange) -> Record:
    """The record of an exchange that may be made up. Raises RecordError that names what is wrong."""
    try:
        CHECK.validate_python([ex])
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"][1:]))
        raise RecordError(f"{where} is wrong: {first['msg']}") from error
    record = to_record(ex)
    try:
        orjson.dumps(record.facts, option=orjson.OPT_STRICT_INTEGER)
    except orjson.JSONEncodeError as error:  # numbers of more than 53 bits, or too deep
        raise RecordError(str(error)) from error
    return record
