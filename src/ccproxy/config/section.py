"""The base of every block of the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, Self, get_args

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

type Raw = Mapping[str, Any]
"""A block as it was written, before validation: known keys, any values."""


class Complaint(NamedTuple):
    """A rule that does not hold: the path of the key inside the block, what is wrong, what to do."""

    path: tuple[str | int, ...]
    message: str
    hint: str = ""


class Section(BaseModel):
    """A frozen block with no unknown keys, whose validation reports everything that is wrong with it at once.

    Pydantic stops before a model's own checks when a field is bad, and reports unknown keys without their neighbours.
    Here unknown keys, `rules` and the fields are checked together. A key without a value (`port:`) counts as absent,
    unless null means something for that field.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    nullable_keys: ClassVar[frozenset[str]] = frozenset()
    retired_keys: ClassVar[Mapping[str, str]] = {}
    """Keys of earlier versions, with what to write today."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        fields = cls.model_fields.items()
        cls.nullable_keys = frozenset(name for name, field in fields if type(None) in get_args(field.annotation))

    @classmethod
    def unfold(cls, written: object) -> object:
        """Blocks with a short form (a string for a map) turn it into the long one here."""
        return written

    @classmethod
    def rules(cls, raw: Raw) -> Iterator[Complaint]:
        """What must hold between the block's keys. Values may be of any type here; be silent about wrong types."""
        yield from ()

    @model_validator(mode="wrap")
    @classmethod
    def _check(cls, written: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        written = cls.unfold(written)
        if not isinstance(written, Mapping):
            return handler(written)
        given = {key: value for key, value in written.items() if value is not None or key in cls.nullable_keys}
        known = {key: value for key, value in given.items() if key in cls.model_fields}
        errors = [cls._unknown(str(key)) for key in given if key not in known]
        errors += map(complain, cls.rules(known))
        try:
            section = handler(known)
        except ValidationError as error:
            errors += map(_again, error.errors(include_url=False))
        else:
            if not errors:
                return section
        raise ValidationError.from_exception_data(cls.__name__, errors)

    @classmethod
    def _unknown(cls, key: str) -> InitErrorDetails:
        context = {"known": list(cls.model_fields), "retired": cls.retired_keys.get(key, "")}
        return InitErrorDetails(type=PydanticCustomError("unknown_key", "unknown key", context), loc=(key,), input=None)


def complain(complaint: Complaint) -> InitErrorDetails:
    """A complaint as pydantic takes it."""
    error = PydanticCustomError("rule", "{message}", {"message": complaint.message, "hint": complaint.hint})
    return InitErrorDetails(type=error, loc=complaint.path, input=None)


def _again(details: ErrorDetails) -> InitErrorDetails:
    """An error of a field, to be raised once more together with others."""
    error = PydanticCustomError(details["type"], details["msg"], details.get("ctx"))
    return InitErrorDetails(type=error, loc=details["loc"], input=details["input"])
