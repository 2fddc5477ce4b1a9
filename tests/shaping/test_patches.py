"""Series and unified diffs: what they may say, that they are meant literally, and that errors name the place."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccproxy.shaping.patches import Patch, apply_patches, diff_text, read_series
from ccproxy.shaping.shape import Shape, ShapeError
from ccproxy.shaping.virtual import to_text
from tests.shaping.made_up import KEY, SHAPES, error_of, shape

BASE = "".join(f"line {number}\n" for number in range(1, 21))
CHANGE = """\
--- a/shape.json
+++ b/shape.json
@@ -2,3 +2,4 @@ a section's name
 line 2
-line 3
+line three
+line three and a half
 line 4
"""
LATER = """\
@@ -18,3 +19,2 @@
 line 18
-line 19
 line 20
"""


def patched(text: str, base: str = BASE, strip: int = 1) -> str:
    return apply_patches(base, [Patch(Path("queue/0001.patch"), text, strip)])


def queue(directory: Path, series: str, **files: str) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "series").write_text(series)
    for name, text in files.items():
        (directory / f"{name}.patch").write_text(text)
    return directory


# --- series


def test_a_series_names_patches_in_order(tmp_path: Path) -> None:
    series = "# first\n\nb.patch -p0\n  'a.patch'   # why\na.patch -p 2 --\n-- b.patch\n"
    found = read_series(queue(tmp_path / "q", series, a="A", b="B"))
    assert [(each.path.name, each.strip, each.text) for each in found] == [
        ("b.patch", 0, "B"), ("a.patch", 1, "A"), ("a.patch", 2, "A"), ("b.patch", 1, "B"),
    ]  # fmt: skip


def test_without_a_series_there_are_no_patches(tmp_path: Path) -> None:
    (tmp_path / "0001.patch").write_text(CHANGE)
    assert read_series(tmp_path) == read_series(tmp_path / "gone") == []


WRONG_SERIES = {
    "a.patch -R": "'-R'",
    "a.patch --reverse": "'--reverse'",
    "a.patch b.patch": "2 files",
    "a.patch -p": "''",
    "a.patch -px": "'x'",
    "a.patch -p -1": "'-1'",
    "a.patch -p9999": "'9999'",
    "-p1": "0 files",
    "--": "0 files",
    "'a.patch": "quotation",
    "gone.patch": "not there",
    "sub": "no file",
    "../outside.patch": "outside",
    "/etc/hostname": "outside",
    "link.patch": "outside",
    "far/outside.patch": "outside",
    "loop.patch": "loop.patch",
    "a\0.patch": "no path",
    "a" * 300: "a" * 300,
}


@pytest.mark.parametrize("line", WRONG_SERIES)
def test_what_a_series_may_not_say_is_named_with_its_line(tmp_path: Path, line: str) -> None:
    directory = queue(tmp_path / "q", f"# a comment\na.patch\n{line}\n", a="A", b="B")
    (tmp_path / "outside.patch").write_text(CHANGE)
    (directory / "sub").mkdir()
    (directory / "link.patch").symlink_to("../outside.patch")
    (directory / "far").symlink_to("..")
    (directory / "loop.patch").symlink_to("loop.patch")
    with pytest.raises(ShapeError) as raised:
        read_series(directory)
    assert f"{directory / 'series'}:3 " in str(raised.value)
    assert WRONG_SERIES[line] in str(raised.value)
    assert raised.value.fix


def test_links_within_the_directory_are_followed(tmp_path: Path) -> None:
    directory = queue(tmp_path / "q", "link.patch\n", a="A")
    (directory / "link.patch").symlink_to("a.patch")
    assert [each.text for each in read_series(directory)] == ["A"]


def test_what_cannot_be_read_as_text_is_said(tmp_path: Path) -> None:
    directory = queue(tmp_path / "q", "a.patch\n")
    (directory / "a.patch").write_bytes(b"---\xff")
    with pytest.raises(ShapeError, match=r"a\.patch is no text in UTF-8: byte 3 is not"):
        read_series(directory)
    (directory / "series").unlink()
    (directory / "series").mkdir()
    with pytest.raises(ShapeError, match="series cannot be read"):
        read_series(directory)


# --- diffs


def test_hunks_and_sections_are_applied_one_after_the_other() -> None:
    again = "--- a/shape.json\t2025-01-01\n+++ b/shape.json\n@@ -1 +1 @@\n-line 1\n+line one\n"
    text = patched(
        f"From: somebody\n\n{CHANGE}{LATER}diff --git a/shape.json b/shape.json\nindex 1..2\n{again}-- \n2.4\n"
    )
    lines = text.splitlines()
    assert (lines[0], lines[2:4], lines[-2:], len(lines)) == (
        "line one", ["line three", "line three and a half"], ["line 18", "line 20"], 20,
    )  # fmt: skip


@pytest.mark.parametrize(("name", "strip"), [("shape.json", 0), ("a/shape.json", 1), ("x/y/shape.json", 2)])
def test_components_are_stripped(name: str, strip: int) -> None:
    text = CHANGE.replace("a/shape.json", name).replace("b/shape.json", name)
    assert "line three\n" in patched(text, strip=strip)
    for other in {0, 1, 2, 3} - {strip}:
        with pytest.raises(ShapeError, match=r"queue/0001\.patch:1: changes .* is not shape\.json"):
            patched(text, strip=other)


def test_lines_may_end_without_a_newline() -> None:
    text = "--- a/shape.json\n+++ b/shape.json\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n"
    assert patched(text, "a\nb") == "a\nc\n"
    assert patched(text + "\\ No newline at end of file\n", "a\nb") == "a\nc"
    with pytest.raises(ShapeError, match="does not fit"):
        patched(text, "a\nb\n")


def test_lines_are_put_before_the_first_and_behind_the_last() -> None:
    head = "--- a/shape.json\n+++ b/shape.json\n"
    assert patched(f"{head}@@ -0,0 +1 @@\n+x\n", "") == "x\n"
    assert patched(f"{head}@@ -0,0 +1 @@\n+x\n@@ -2,0 +4 @@\n+y\n", "a\nb\n") == "x\na\nb\ny\n"


WRONG_PATCHES = {
    "nothing": ("", "holds no unified diff"),
    "no diff": ("hello\n", "holds no unified diff"),
    "another file": (CHANGE.replace("b/shape.json", "b/other.json"), ":1: changes 'b/other.json'"),
    "file that is new": (CHANGE.replace("a/shape.json", "/dev/null"), ":1: changes '/dev/null'"),
    "file above": (CHANGE.replace("b/shape.json", "b/../shape.json"), ":1: changes 'b/../shape.json'"),
    "no hunk": ("".join(CHANGE.splitlines(keepends=True)[:2]), ":1: there is no hunk"),
    "no names": ("\n".join(CHANGE.split("\n")[2:]), ":1: a hunk has no --- and +++"),
    "other context": (CHANGE.replace(" line 4", " line four"), ":3: hunk 1 does not fit: its line 8 is 'line four'"),
    "other line": (CHANGE.replace("-line 3", "-line x"), "line 3 is 'line 3'"),
    "other place": (CHANGE.replace("-2,3 +2,4", "-3,3 +3,4"), ":3: hunk 1 does not fit"),
    "second hunk": (CHANGE + LATER.replace("-line 19", "-line x"), ":9: hunk 2 does not fit: its line 11"),
    "behind the end": (CHANGE.replace("-2,3 +2,4", "-40,3 +40,4"), ":3: hunk 1 is for line 40, where there are 20"),
    "over the end": (CHANGE[:34] + "@@ -20,2 +20 @@\n line 20\n-line 21\n", "line 21 is not there"),
    "backwards": ("".join(CHANGE.splitlines(keepends=True)[:2]) + LATER + CHANGE[34:], ":7: hunk 2 stands before"),
    "line 0": (CHANGE.replace("-2,3 +2,4", "-0,3 +2,4"), ":3: hunk 1 is for line 0"),
    "cut off": (CHANGE.removesuffix(" line 4\n"), ":3: hunk 1 has fewer lines"),
    "cut off in a hunk": (CHANGE.replace("-2,3 +2,4", "-2,9 +2,9"), ":3: hunk 1 has fewer lines"),
    "too many lines": (CHANGE + " line 5\n", ":9: a line follows that is in no hunk"),
    "wrong counts": (CHANGE.replace("-2,3 +2,4", "-2,2 +2,4"), ":3: hunk 1 has more lines"),
    "wrong range": (CHANGE.replace("@@ -2,3", "@@ -two,3"), ":3: hunk 1 does not begin with"),
    "other ends of lines": (CHANGE.replace("\n", "\r\n"), "hunk 1 does not fit"),
}


@pytest.mark.parametrize("case", WRONG_PATCHES)
def test_what_does_not_fit_is_named_with_its_place(case: str) -> None:
    text, said = WRONG_PATCHES[case]
    with pytest.raises(ShapeError) as raised:
        patched(text)
    assert "queue/0001.patch" in str(raised.value)
    assert said in str(raised.value)
    assert raised.value.fix


def test_no_line_is_looked_for_elsewhere() -> None:
    with pytest.raises(ShapeError, match="line 2 is 'line 1'"):
        patched(CHANGE, "one more\n" + BASE)


def test_a_credential_in_a_patch_is_not_told() -> None:
    said = error_of(lambda: patched(CHANGE.replace("-line 3", f'-    "x-api-key": "{KEY}"')))
    assert "hunk 1 does not fit: its line 5 is a credential, where line 3 is 'line 3'" in said


# --- properties


@given(SHAPES, SHAPES)
@settings(max_examples=150, deadline=None)
def test_a_diff_makes_the_one_of_the_other(one: Shape, other: Shape) -> None:
    a, b = to_text(one), to_text(other)
    made = diff_text(a, b, "# whatever is said of it\n")
    assert (patched(made, a) if made else a) == b
    assert bool(made) is (a != b)


@given(st.lists(st.sampled_from("abc\\"), max_size=12), st.lists(st.sampled_from("abc-+ "), max_size=12))
@settings(max_examples=150, deadline=None)
def test_lines_that_are_much_alike_are_no_matter(one: list[str], other: list[str]) -> None:
    a, b = ("".join(f"{line}\n" for line in lines) for lines in (one, other))
    assert (patched(diff_text(a, b), a) if a != b else b) == b


def test_patch_and_git_understand_ours(tmp_path: Path) -> None:
    a, b = to_text(shape()), to_text(shape(url="https://h.example/", body={"new": [1, 2]}))
    (tmp_path / "shape.json").write_text(a)
    (tmp_path / "one.patch").write_text(diff_text(a, b, "# a line of ours\n"))
    subprocess.run(["git", "apply", "one.patch"], cwd=tmp_path, check=True, timeout=20)
    assert (tmp_path / "shape.json").read_text() == b


BYTES = st.binary(max_size=60) | st.text("ab-+ @,123\n\\/.p#'\"\0", max_size=60).map(str.encode)


@given(BYTES, BYTES)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_patches_or_an_error(tmp_path: Path, series: bytes, patch: bytes) -> None:
    (tmp_path / "a.patch").write_bytes(b"--- a/shape.json\n+++ b/shape.json\n" + patch)
    for text in (series, b"a.patch\n"):
        (tmp_path / "series").write_bytes(text)
        said = error_of(lambda: apply_patches(BASE, read_series(tmp_path)))
        assert not said or str(tmp_path) in said


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_any_change_of_a_patch_is_one_or_an_error(data: st.DataObject) -> None:
    text = CHANGE + LATER
    at = data.draw(st.integers(0, len(text)))
    changed = text[:at] + data.draw(st.text("ab-+ @,123\n\\", max_size=3)) + text[at + data.draw(st.integers(0, 3)) :]
    said = error_of(lambda: patched(changed))
    assert not said or "queue/0001.patch" in said
