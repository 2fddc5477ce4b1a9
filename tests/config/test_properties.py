"""Whatever stands in the file, the environment or the flags: a Config or a ConfigError, nothing else."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.config import Config, ConfigError, load_config
from tests.config.test_template import keys
from tests.support.examples import examples

KEYS = sorted({step for path in keys(Config) for step in path.split(".")} | {"type", "base_url", "command", "<<"})
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.dates(), st.text(max_size=20), st.sampled_from(KEYS)
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(st.sampled_from(KEYS), SCALARS), inner, max_size=5)
    ),
    max_leaves=30,
)
CONFIGS = st.dictionaries(st.sampled_from(list(Config.model_fields)), TREES, max_size=6)
YAML_LIKE = st.text(
    alphabet=string.ascii_letters[:4] + string.digits[:2] + " \n\t:-[]{}&*!<>|#'\"?,%@.~\\\0é", max_size=80
)


def outcome(data: bytes, directory: Path, environ: dict[str, str] | None = None, flags: Any = None) -> None:
    (directory / "ccproxy.yaml").write_bytes(data)
    try:
        assert isinstance(load_config(flags, directory, environ or {}), Config)
    except ConfigError as error:
        failure = error
    else:
        return
    assert len(str(failure).split("\n")) == len(failure.problems) > 0, "one line a problem"


@given(data=st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes(tmp_path_factory: Any, data: bytes) -> None:
    outcome(data, base(tmp_path_factory))
    outcome(b"ccproxy:\n " + data, base(tmp_path_factory))


@given(text=YAML_LIKE)
@settings(max_examples=300, deadline=None)
def test_anything_that_looks_like_yaml(tmp_path_factory: Any, text: str) -> None:
    outcome(text.encode(), base(tmp_path_factory))
    outcome(b"ccproxy:\n  " + text.replace("\n", "\n  ").encode(), base(tmp_path_factory))


@given(tree=CONFIGS)
@settings(max_examples=examples(300), deadline=None)
def test_any_values_under_known_keys(tmp_path_factory: Any, tree: dict[str, Any]) -> None:
    outcome(yaml.safe_dump({"ccproxy": tree}, allow_unicode=True).encode(errors="replace"), base(tmp_path_factory))


@given(tree=st.dictionaries(st.text(max_size=5), TREES, max_size=3))
@settings(deadline=None)
def test_any_providers(tmp_path_factory: Any, tree: dict[str, Any]) -> None:
    document = {"ccproxy": {"providers": tree, "lightllm": {"transforms": list(tree.values())}}}
    outcome(yaml.safe_dump(document).encode(errors="replace"), base(tmp_path_factory))


@given(
    environ=st.dictionaries(
        st.one_of(st.sampled_from(KEYS), st.text(max_size=8)).map(lambda name: f"CCPROXY_{name.upper()}"),
        st.text(alphabet=st.characters(exclude_characters="\0"), max_size=20),
        max_size=4,
    ),
    flags=st.dictionaries(st.sampled_from(sorted(keys(Config))), TREES, max_size=3),
)
@settings(deadline=None)
def test_any_environment_and_flags(tmp_path_factory: Any, environ: dict[str, str], flags: dict[str, Any]) -> None:
    outcome(b"ccproxy:\n  port: 1\n", base(tmp_path_factory), environ, flags)


def base(tmp_path_factory: Any) -> Path:
    """One directory for all examples."""
    return Path(tmp_path_factory.getbasetemp())
