"""An account of Code Assist that cannot be had: why is said, once, and it is tried again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.providers.google import LOADED, NEW, SECURED, TIER, WAITING, error, run, setting, told

NO_TIER = {"ineligibleTiers": [{"reasonMessage": "Not in your country."}, {"reasonMessage": "Too young."}]}
CONFIRM = {
    "reasonCode": "VALIDATION_REQUIRED",
    "reasonMessage": "Confirm it.",
    "validationUrl": "https://g.example/?a=b",
}
CONFIRM_IT = "confirm it with Google, for example where `gemini` leads you"


def confirmed_at(url: str) -> dict[str, list[Any]]:
    return {"loadCodeAssist": [(200, NEW[1] | {"ineligibleTiers": [CONFIRM | {"validationUrl": url}]})]}


NAME_ONE = "name a Google Cloud project of yours in the provider: `project: ID`"
LATER = "(it is tried again as requests come)"
FAILURES: dict[str, tuple[dict[str, list[Any]], str]] = {
    "refused": (
        {"loadCodeAssist": [error(403, "PERMISSION_DENIED", "The API is\ndisabled.\x1b[31m")]},
        "Google answered 403 PERMISSION_DENIED: The API is disabled. [31m (see to it that the account may use Code "
        f"Assist, or {NAME_ONE})",
    ),
    "behind a perimeter": (
        {"loadCodeAssist": [SECURED]},
        f"Google answered 403 PERMISSION_DENIED: no (see to it that the account may use Code Assist, or {NAME_ONE})",
    ),
    "an error in a list": ({"loadCodeAssist": [(500, [error(500, "INTERNAL", "oh")[1]])]}, f"500 INTERNAL: oh {LATER}"),
    "an error without words": ({"loadCodeAssist": [(503, b"<html>")]}, f"Google answered 503 {LATER}"),
    "an odd error": ({"loadCodeAssist": [(500, {"error": "x"})]}, f"Google answered 500 {LATER}"),
    "a page": ({"loadCodeAssist": [(200, b"<html>")]}, f"200 with something that is no JSON object {LATER}"),
    "a list": ({"loadCodeAssist": [(200, [])]}, "no JSON object"),
    "nothing": ({"loadCodeAssist": [(200, b"")]}, "no JSON object"),
    "another place": ({"loadCodeAssist": [(302, {})]}, "Google answered 302 with something that is no JSON object"),
    "an endless answer": ({"loadCodeAssist": [(200, b" " * 2_000_000)]}, f"sent more than 1048576 bytes {LATER}"),
    "ineligible": (
        {"loadCodeAssist": [(200, NO_TIER)]},
        f"Google says: Not in your country.; Too young. (use another account, or {NAME_ONE})",
    ),
    "ineligible, with a tier": (
        {"loadCodeAssist": [(200, NO_TIER | {"currentTier": TIER})]},
        "Google says: Not in your",
    ),
    "to be confirmed": (
        {"loadCodeAssist": [(200, NEW[1] | {"ineligibleTiers": [{}, CONFIRM]})]},
        "the account has to be confirmed: Confirm it. (open https://g.example/?a=b)",
    ),
    "to be confirmed by a page in the open": (confirmed_at("http://g.example/"), f"Confirm it. ({CONFIRM_IT})"),
    "to be confirmed by a program": (confirmed_at("javascript:alert(1)"), f"Confirm it. ({CONFIRM_IT})"),
    "to be confirmed at two places": (confirmed_at("https://g.example/ or b"), f"Confirm it. ({CONFIRM_IT})"),
    "to be confirmed in colours": (confirmed_at("https://g.example/\x1b[31m"), f"Confirm it. ({CONFIRM_IT})"),
    "to be confirmed at an endless address": (confirmed_at("https://g.example/" + "x" * 300), f"({CONFIRM_IT})"),
    "no project": (
        {"loadCodeAssist": [(200, {"currentTier": TIER})]},
        f"Google gives this account no project ({NAME_ONE})",
    ),
    "odd projects": (
        {"loadCodeAssist": [(200, {"currentTier": TIER, "cloudaicompanionProject": [1], "ineligibleTiers": "x"})]},
        "no project",
    ),
    "a project with a line break": (
        {"loadCodeAssist": [(200, {"currentTier": TIER, "cloudaicompanionProject": "a\nb"})]},
        "no project",
    ),
    "odd members": (
        {"loadCodeAssist": [(200, {"allowedTiers": [3, {"isDefault": True}], "currentTier": 7})]},
        "no project",
    ),
    "no tier for it": (
        {"loadCodeAssist": [NEW], "onboardUser": [error(429, "RESOURCE_EXHAUSTED", "slow")]},
        f"429 RESOURCE_EXHAUSTED: slow {LATER}",
    ),
    "an operation that failed": (
        {"loadCodeAssist": [NEW], "onboardUser": [(200, {"done": True, "error": {"code": 7, "message": "denied"}})]},
        "Google answered 200: denied",
    ),
    "an operation with nothing in it": (
        {"loadCodeAssist": [NEW], "onboardUser": [(200, {"done": True, "response": []})]},
        "no project",
    ),
    "an operation that leads elsewhere": (
        {"loadCodeAssist": [NEW], "onboardUser": [(200, {"name": "operations/../x"})]},
        "Google names an operation that cannot be asked for",
    ),
    "an operation of a strange name": (
        {"loadCodeAssist": [NEW], "onboardUser": [(200, {"name": 3})]},
        "cannot be asked for",
    ),
    "an operation that is never done": (
        {"loadCodeAssist": [NEW], "onboardUser": [(200, WAITING)], "operations/1": [(200, WAITING)]},
        "Google has not set up the account within 300 s",
    ),
}


@pytest.mark.parametrize("case", FAILURES)
def test_why_it_is_not_known_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture, case: str) -> None:
    answers, reason = FAILURES[case]

    async def main() -> None:
        async with setting(tmp_path) as found:
            found.google.answers |= answers
            assert await found.begun() is None
            asked = len(found.google.calls)
            assert await found.begun() is None
            assert len(found.google.calls) == asked, "it is too early for another try"
            found.hands.passed += 5
            assert await found.begun() is None
            assert len(found.google.calls) == 2 * asked
            assert reason in (found.account.trouble or "")
            assert told(caplog) == [
                f"provider 'g': Code Assist: {found.account.trouble}; its requests go without a project"
            ]
            found.google.answers["loadCodeAssist"] = [LOADED]
            found.hands.passed += 600
            assert await found.begun() == "found-1"
            assert found.account.trouble is None

    run(main())
    assert len(told(caplog)) == 1


def test_a_configured_project_that_is_refused_is_named(tmp_path: Path) -> None:
    async def main() -> None:
        async with setting(tmp_path, project="own-1") as found:
            found.google.answers["loadCodeAssist"] = [error(403, "PERMISSION_DENIED", "no")]
            await found.begun()
            assert found.account.trouble == (
                "Google answered 403 PERMISSION_DENIED: no (the project own-1, which the provider names, was refused: "
                "see to it that the account may use it, or name another)"
            )

    run(main())


def test_another_failure_is_said_too_and_pauses_grow_to_ten_minutes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with setting(tmp_path, project="own-1") as found:
            found.google.answers["loadCodeAssist"] = [(500, b"")]
            for pause in (5, 10, 20, 40, 80, 160, 320, 600, 600):
                await found.begun()
                asked = len(found.google.calls)
                found.hands.passed += pause - 1
                await found.begun()
                assert len(found.google.calls) == asked
                found.hands.passed += 1
            found.google.answers["loadCodeAssist"] = [(503, b"")]
            await found.begun()
            found.google.stop()
            found.hands.passed += 600
            await found.begun()

    run(main())
    assert [line.partition("Assist: ")[2].partition(" (")[0] for line in told(caplog)[:2]] == [
        "Google answered 500", "Google answered 503"
    ]  # fmt: skip
    assert "127.0.0.1" in told(caplog)[2]
    assert all(line.endswith("its requests go with the project own-1") for line in told(caplog))


@pytest.mark.parametrize("word", ["made-up-token", "ya29.a0AfH6SMBx-y_z", "1//0gabcdefghij", "eyJhbGciOiJub25lIn0.e30"])
def test_no_token_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture, word: str) -> None:
    long = "x" * 290 + word + " " + word

    async def main() -> None:
        async with setting(tmp_path) as found:
            for message in (f"token {word} and {word}!", long):
                found.google.answers["loadCodeAssist"] = [error(400, "INVALID", message)]
                found.hands.passed += 600
                await found.begun()
                assert word[:8] not in (found.account.trouble or "")
                assert "[redacted]" in (found.account.trouble or "") or message == long

    run(main())
    assert word[:8] not in caplog.text
