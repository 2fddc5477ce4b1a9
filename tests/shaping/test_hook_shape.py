"""The hook `shape` on requests: what it takes, what it leaves alone, and that a failure changes nothing."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ccproxy.exchange import Exchange, Headers, HttpRequest, WireFormat
from ccproxy.hooks.shape import shape
from ccproxy.pipeline.draft import Draft
from ccproxy.pipeline.failures import Refusal, Unfit
from ccproxy.pipeline.guards import Quick
from ccproxy.pipeline.subject import Subject
from ccproxy.shaping.shapes import Shapes
from tests.shaping.envelopes import ANTHROPIC, IDENTITY, names, put_shape
from tests.shaping.test_shapes import shapes_in

CALL = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "system": "Be kind."}


@pytest.fixture
def shapes(tmp_path: Path) -> Shapes:
    put_shape(tmp_path, ANTHROPIC)
    found = shapes_in(tmp_path)
    found.reload()
    return found


def subject_of(shapes: Shapes, agent: bytes = b"sdk/1", **other: Any) -> Subject:
    """A request on its way to a provider that names a shape."""
    headers: Headers = [(b"Host", b"h"), (b"User-Agent", agent), (b"x-mine", b"1")]
    request = HttpRequest("POST", b"/v1/messages", headers, json.dumps(CALL).encode())
    exchange = Exchange(request, format=WireFormat.ANTHROPIC)
    draft = Draft(other.pop("format", WireFormat.ANTHROPIC), request.body)
    made = Subject(exchange, draft, list(headers), lambda: None, resources={Shapes: shapes})
    made.provider, made.target = "a", b"/v1/messages"
    for name, value in other.items():
        setattr(made, name, value)
    return made


def run(subject: Subject) -> tuple[str, ...]:
    """What the hook says it wrote."""
    assert shape.native is not None
    wrote = shape.native(subject)
    return wrote if isinstance(wrote, tuple) else asyncio.run(wrote)


def untouched(subject: Subject) -> bool:
    """Whether a request is as it was."""
    same = (subject.headers, subject.target) == (subject.exchange.request.headers, subject.exchange.request.target)
    return same and not subject.draft.changed and not subject.left_out


def test_what_is_shaped(shapes: Shapes) -> None:
    subject = subject_of(shapes)
    subject.left_out = {"x": 1}
    assert run(subject) == ("**", "headers.*")
    assert names(subject.headers) == [name for name in names(ANTHROPIC.headers) if name != b"x"]
    assert subject.draft.document()["system"] == [IDENTITY, {"type": "text", "text": "Be kind."}]
    assert (subject.target, subject.left_out) == (b"/v1/messages?beta=true", {"x": 1, "shape.header.x-mine": 1})


def test_shapes_that_are_not_loaded_yet_are_waited_for(tmp_path: Path) -> None:
    put_shape(tmp_path, ANTHROPIC)
    subject = subject_of(shapes_in(tmp_path))
    assert run(subject) == ("**", "headers.*")


def test_what_goes_with_a_credential_has_no_place_of_a_credential(shapes: Shapes) -> None:
    credential = [(b"authorization", b"Bearer t"), (b"anthropic-beta", b"oauth-2025-04-20")]
    subject = subject_of(shapes, credential=credential)
    run(subject)
    assert (b"anthropic-beta", b"made-up-2025-01-01, other-2025-02-02") in subject.headers


def test_a_field_of_the_providers_own_for_its_credential_keeps_its_place(tmp_path: Path) -> None:
    headers = [(b"X-Pass", b"ccproxy:credential"), (b"x-app", b"cli")]
    put_shape(tmp_path, replace(ANTHROPIC, headers=headers))
    shapes = shapes_in(tmp_path)
    shapes.reload()
    subject = subject_of(shapes, credential=[(b"x-pass", b"t")])
    run(subject)
    assert names(subject.headers) == [b"X-Pass", b"x-app"]
    without = subject_of(shapes)
    run(without)
    assert names(without.headers) == [b"x-app"]


@pytest.mark.parametrize(
    ("agent", "goes"),
    [
        (b"madeup-cli/1.2.3 (mine)", True),
        (b"MadeUp-CLI/1.10", True),
        (b"madeup-cli/1.2.2", False),
        (b"madeup-cli/1.2", False),
        (b"madeup-cli", False),
        (b"madeup-cli-x/9", False),
        (b"other/9 madeup-cli/9", False),
    ],
)
def test_only_the_shapes_own_client_that_is_as_new_goes_as_it_is(shapes: Shapes, agent: bytes, goes: bool) -> None:
    """W-SHAPE-6."""
    subject = subject_of(shapes, agent)
    if goes:
        with pytest.raises(Unfit, match="itself"):
            run(subject)
        assert untouched(subject)
    else:
        assert run(subject)
    assert shapes.status()[0]["newer_seen"] == ("1.10" if b"1.10" in agent else None)


def test_what_was_translated_is_nobodys_own_request(shapes: Shapes) -> None:
    subject = subject_of(shapes, b"madeup-cli/1.2.3")
    subject.exchange.format = WireFormat.OPENAI
    assert run(subject)


def test_a_request_of_another_format_is_left_alone(shapes: Shapes) -> None:
    subject = subject_of(shapes, format=WireFormat.GEMINI)
    with pytest.raises(Unfit, match="for requests of the format anthropic, and this is of gemini"):
        run(subject)
    assert untouched(subject)


WITHOUT = [("c", r"on_shape_error: pass\): there is no"), ("plain", "'plain' names no shape"), (None, "names no shape")]


@pytest.mark.parametrize(("provider", "reason"), WITHOUT)
def test_without_a_shape(shapes: Shapes, provider: str | None, reason: str) -> None:
    subject = subject_of(shapes, provider=provider, format=WireFormat.OPENAI_RESPONSES)
    with pytest.raises(Unfit, match=reason):
        run(subject)
    assert untouched(subject)


def test_where_nobody_names_a_shape(shapes: Shapes) -> None:
    """The hook can be listed, and asked for by a request, all the same."""
    subject = subject_of(shapes, resources={})
    assert isinstance(shape.guard, Quick)
    assert not shape.guard.fits(subject)
    with pytest.raises(Unfit, match="no provider names a shape"):
        run(subject)
    assert untouched(subject)


def test_a_hook_that_fails_leaves_the_request_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "failing_step.py").write_text(
        "from ccproxy.shaping.shape_hooks import shape_hook\n\n\n@shape_hook()\ndef step(work, params):\n"
        "    work.body.clear()\n    work.headers.clear()\n    raise RuntimeError('made-up trouble')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    put_shape(tmp_path, ANTHROPIC)
    shapes = shapes_in(tmp_path, providers={"anthropic": {"shape_hooks": ["failing_step"]}})
    shapes.reload()
    subject = subject_of(shapes)
    with pytest.raises(Refusal, match="failing_step:step failed on this request") as refused:
        run(subject)
    for _ in range(2):
        with pytest.raises(Refusal):
            run(subject_of(shapes))
    (said,) = [record for record in caplog.records if "failing_step" in record.message]
    assert "a request to a, b cannot be shaped" in said.message
    assert said.exc_info is not None
    assert "made-up trouble" in str(said.exc_info[1])
    told = shapes.status()[0]
    assert (told["state"], told["failures"]) == ("ready", 3)
    assert "failing_step.py, line 8" in told["last_failure"]
    shapes.reload()
    assert shapes.status()[0]["failures"] == 0
    assert (refused.value.status, refused.value.kind) == (500, "shape")
    assert untouched(subject)
    assert subject.draft.document() == CALL
