"""The vendors' own SDKs through the daemon against the embedded simulator."""

import pytest

pytest.register_assert_rewrite("tests.sdk.pairs", "tests.sdk.speakers")
