"""Google's errors read, and what follows from one: whatever bytes come, and whatever pauses are told."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.exchange import Headers
from ccproxy.transport.capacity import Course, Verdict, of_answer, of_message, of_silence
from ccproxy.transport.google_errors import GoogleError, NotJson, read_error, seconds
from ccproxy.transport.upstream import CapacityPolicy

RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9s", 9), ("1.5s", 1.5), ("500ms", 0.5), ("2m", 120), ("1h", 3600), ("7", 7), ("0.25", 0.25), ("0s", 0),
        (" 3S ", 3), ("1m30.5s", 90.5), ("1h2m3s", 3723), (".5s", 0.5), ("3.s", 3), (4, 4), (4.5, 4.5), (0, 0),
        ("1e3s", 1000), ("2.5E-1s", 0.25), ("3 s", 3), ("1m 30s", 90), ("2e0m3s", 123),
        ("9" * 400 + "s", math.inf), (10**400, math.inf), ("9" * 100_000, math.inf), ("1e400s", math.inf),
        ("3d", math.inf), ("2w", math.inf), ("1.5 weeks", math.inf), ("1d2h", math.inf), ("2h1d", math.inf),
        ("5us", math.inf), ("3 seconds", math.inf), ("1e", math.inf),
    ],
)  # fmt: skip
def test_durations(text: object, value: float) -> None:
    assert seconds(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    ["", "s", "-3s", "+3s", "s3", "1.2.3", "٣s", "soon", "inf", "nan", "ms", ".", ".s",
     -1, -0.5, math.nan, True, None, [3], {"seconds": 3}],
)  # fmt: skip
def test_no_durations(text: object) -> None:
    assert seconds(text) is None


@given(
    st.one_of(st.text(), st.from_regex(r"\A[0-9.]{0,6}(ms|s|m|h)?[0-9.]{0,4}(ms|s|m|h)?\Z"), st.floats(), st.integers())
)
def test_no_duration_is_negative(said: object) -> None:
    value = seconds(said)
    assert value is None or value >= 0


@given(
    st.floats(min_value=0, max_value=1e9), st.sampled_from([("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600), ("", 1)])
)
def test_each_unit(number: float, unit: tuple[str, float]) -> None:
    assert seconds(f"{number:.6f}{unit[0]}") == pytest.approx(number * unit[1], abs=1e-2)


ENDLESS = ["1e1" * 9999 + "!", "1." * 9999, "1s" * 9999 + "!", "." * 9999, "1 " * 9999, "9" * 99_999]


@pytest.mark.parametrize("text", ENDLESS, ids=range(len(ENDLESS)))
def test_no_duration_takes_long_to_read(text: str) -> None:
    assert seconds(text) in (None, math.inf)
    assert GoogleError(message=f"retry in {text}").written_delay in (None, 9999)


@pytest.mark.parametrize("delay", ["3d", "1e400s", "9" * 400])
def test_a_pause_of_no_known_length_is_too_long(delay: str) -> None:
    """For this model; another one may have less to do."""
    error = {"status": "RESOURCE_EXHAUSTED", "details": [{"@type": RETRY_INFO, "retryDelay": delay}]}
    policy = CapacityPolicy(fallback_models=("b",))
    verdict = of_answer(429, [(b"retry-after", b"3")], json.dumps({"error": error}).encode(), policy)
    assert Course(policy, "a", lambda: 0.5).after(verdict, 0.0).model == "b"


# -- bodies

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["RESOURCE_EXHAUSTED", "limit: 0", "Please retry in 5s", "7s", "-7s", "QUOTA_EXHAUSTED", RETRY_INFO]
    ),
)
NAMES = st.sampled_from(
    ["error", "code", "status", "message", "details", "@type", "retryDelay", "reason", "violations", "quotaId"]
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=6)),
    max_leaves=20,
)
DETAILS = st.lists(
    st.one_of(
        DOCUMENTS,
        st.fixed_dictionaries(
            {"@type": st.sampled_from([RETRY_INFO, "x.ErrorInfo", "x.QuotaFailure", RETRY_INFO + "x"])},
            optional={"retryDelay": DOCUMENTS, "reason": DOCUMENTS, "violations": DOCUMENTS},
        ),
    ),
    max_size=3,
)
ERRORS = st.fixed_dictionaries(
    {},
    optional={"code": DOCUMENTS, "status": DOCUMENTS, "message": DOCUMENTS, "details": st.one_of(DETAILS, DOCUMENTS)},
)
BODIES = st.one_of(
    st.binary(max_size=200),
    DOCUMENTS.map(lambda document: json.dumps(document).encode()),
    ERRORS.map(lambda error: json.dumps({"error": error}).encode()),
    ERRORS.map(lambda error: json.dumps([{"error": error}]).encode()),
)
FIELDS = st.lists(st.tuples(st.sampled_from([b"Retry-After", b"X"]), st.binary(max_size=30)), max_size=2)


@given(BODIES, FIELDS, st.sampled_from([200, 400, 429, 503]))
def test_whatever_comes_it_is_judged(body: bytes, headers: Headers, status: int) -> None:
    for verdict in (of_answer(status, headers, body, CapacityPolicy()), of_message(body, headers, CapacityPolicy())):
        assert verdict.delay is None or verdict.delay >= 0
        assert verdict.said or not verdict.is_short
        assert not (
            verdict.is_short and status == 400 and verdict == of_answer(status, headers, body, CapacityPolicy())
        )
        assert verdict.said.isascii()


@pytest.mark.parametrize(
    "body", [b"[" * 200_000, b'{"error":' * 50_000, b'{"error": {"code": ' + b"9" * 5000 + b"}}", b"\xff\xfe", b""]
)
def test_what_cannot_be_read_is_no_json(body: bytes) -> None:
    with pytest.raises(NotJson):
        read_error(body)


@pytest.mark.parametrize("document", [None, 1, "busy", [], {}, {"error": "busy"}, {"error": None}, [[{"error": {}}]]])
def test_json_that_is_no_error_of_googles(document: object) -> None:
    assert read_error(json.dumps(document).encode()) is None


@pytest.mark.parametrize(
    ("message", "delay"),
    [
        ("Quota exceeded. Please retry in 46.8s.", 46.8),
        ("please retry in 1m2.5s", 62.5),
        ("Please retry in 500ms.", 0.5),
        ("Please retry in a while.", None),
        ("Please retry.", None),
    ],
)
def test_pauses_in_messages(message: str, delay: float | None) -> None:
    assert GoogleError(message=message).written_delay == delay


@pytest.mark.parametrize(
    ("message", "lasting"),
    [("limit: 0", True), ("Limit:0, model: x", True), ("limit: 0.", True), ("limit: 0.5", False), ("limit: 05", False),
     ("limit: 10", False), ("", False)],
)  # fmt: skip
def test_a_limit_of_nothing(message: str, lasting: bool) -> None:
    assert GoogleError(message=message).is_lasting is lasting


@pytest.mark.parametrize(
    ("quota", "lasting"),
    [("RequestsPerDayPerModel", True), ("DailyTokens", True), ("RequestsPerMinute", False), (None, False)],
)
def test_a_quota_of_a_day(quota: object, lasting: bool) -> None:
    detail = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [3, {}, {"quotaId": quota}]}
    assert GoogleError(details=[detail]).is_lasting is lasting
    assert not GoogleError(details=[detail | {"@type": RETRY_INFO}]).is_lasting


def test_the_first_pause_that_can_be_read_counts() -> None:
    details: list[dict[str, Any]] = [{"@type": RETRY_INFO, "retryDelay": said} for said in ("soon", "4s", "9s")]
    body = json.dumps({"error": {"message": "Please retry in 3s", "details": [3, *details]}}).encode()
    fields: Headers = [(b"retry-after", b"8")]
    assert of_answer(503, fields, body, CapacityPolicy()).delay == 4
    body = body.replace(b"retryDelay", b"delay")
    assert of_answer(503, fields, body, CapacityPolicy()).delay == 8
    assert of_answer(503, [], body, CapacityPolicy()).delay == 3


# -- what follows

POLICIES = st.builds(
    CapacityPolicy,
    fallback_models=st.lists(st.sampled_from(["a", "b", "c", "d"])).map(tuple),
    attempts=st.integers(0, 10),
    max_delay=st.floats(0.1, 100),
    terminal_delay=st.floats(0.1, 500),
    budget=st.floats(0.1, 500),
)
VERDICTS = st.builds(
    Verdict,
    st.just("x"),
    st.just(True),
    st.one_of(st.none(), st.floats(min_value=0)),
    st.booleans(),
)


@given(POLICIES, st.lists(VERDICTS, min_size=30, max_size=30), st.floats(0, 1), st.booleans())
def test_a_course_comes_to_its_end_in_time(
    policy: CapacityPolicy, verdicts: list[Verdict], luck: float, may_change: bool
) -> None:
    """Not one attempt more than allowed, none begun after the budget, and no other model asked twice."""
    course, spent = Course(policy, "a", lambda: luck, may_change=may_change), 0.0
    again, models = 0, list[str]()
    for verdict in verdicts:
        assert not course.is_final(verdict)
        step = course.after(verdict, spent)
        if step.stop:
            break
        assert 0 <= step.pause <= policy.max_delay
        spent += step.pause
        assert spent <= policy.budget
        if step.model is None:
            assert not models, "there is no way back"
            again += 1
        else:
            models.append(step.model)
    else:
        raise AssertionError("it has no end")
    assert again <= policy.attempts
    assert len(set(models)) == len(models)
    assert set(models) <= set(policy.fallback_models) - {"a"}
    assert may_change or not models


@given(st.integers(0, 9), st.floats(0, 1))
def test_the_pause_of_our_own_is_doubled_up_to_its_limit(number: int, luck: float) -> None:
    course = Course(CapacityPolicy(attempts=10, budget=1e9), "a", lambda: luck)
    pauses = [course.after(of_silence("reset"), 0.0).pause for _ in range(10)]
    full = 2.0**number
    assert min(full / 2, 60) <= pauses[number] <= min(full, 60)


def test_the_pauses_that_are_told_do_not_make_our_own_longer() -> None:
    course = Course(CapacityPolicy(attempts=10, budget=1e9), "a", lambda: 1.0)
    delays = [0.01] * 5 + [None, 0.01, None]
    pauses = [course.after(Verdict("x", is_short=True, delay=delay), 0.0).pause for delay in delays]
    assert pauses == [0.01] * 5 + [1, 0.01, 2]
