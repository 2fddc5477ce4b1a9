"""Words of others, for terminals and for the names of files."""

from __future__ import annotations

import json
import re
from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.cli.pplx.words import as_json, file_name, lines, one_line
from ccproxy.cli.words import CONTROL


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("How do tides work?", "how-do-tides-work"),
        ("../../etc/passwd", "etc-passwd"),
        ("..", "slug-1"),
        (".bashrc", "bashrc"),
        ("-rf *", "rf"),
        ("Con", "slug-1"),
        ("com1.txt", "slug-1"),
        ("Wie hoch ist der Mönch?", "wie-hoch-ist-der-mönch"),
        ("潮汐", "潮汐"),
        ("", "slug-1"),
        ("word " * 40, "-".join(["word"] * 16)),
        ("x" * 200, "x" * 80),
    ],
)
def test_names_of_files(title: str, name: str) -> None:
    assert file_name(title, "slug-1") == name


@given(st.text(), st.text())
def test_a_name_is_a_name(title: str, slug: str) -> None:
    name = file_name(title, slug)
    assert PurePath(name).parts == (name,)
    assert name[0] not in ".-"
    assert 0 < len(name.encode()) <= 240
    assert not CONTROL.search(name)


@given(st.text())
def test_lines_keep_lines_and_tabs_and_no_other_control(text: str) -> None:
    assert not CONTROL.search(re.sub("[\n\t]", "", lines(text)))
    assert lines(text).count("\n") == text.replace("\r\n", "\n").replace("\r", "\n").count("\n")
    assert not CONTROL.search(one_line(text))


@given(st.recursive(st.text(st.characters()), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_says_the_same_without_controls(value: object) -> None:
    import click
    from click.testing import CliRunner

    @click.command()
    def printing() -> None:
        as_json(value)

    printed = CliRunner().invoke(printing).stdout_bytes.decode()
    assert json.loads(printed) == value
    assert not CONTROL.search(printed.replace("\n", ""))
