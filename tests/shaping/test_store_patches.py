"""Patches over a base: that of the user, or the names that come with ccproxy."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from ccproxy.shaping.patches import diff_text
from ccproxy.shaping.reduce import reduce
from ccproxy.shaping.shape import Provenance, Shape, ShapeError
from ccproxy.shaping.store import ShapeStore
from ccproxy.shaping.structures import packaged
from ccproxy.shaping.virtual import to_text
from tests.shaping.made_up import (
    HEADERS,
    KEY,
    PROMPT,
    PROVENANCE,
    error_of,
    foreign_flow,
    profiles,
    shape,
    store_in,
    write_flows,
)

BODY = {"zone": "b", "messages": [{"role": "user", "content": PROMPT}], "options": {"b": 1, "a": PROMPT[:0]}}
PATCH = "--- a/shape.json\n+++ b/shape.json\n"


@pytest.fixture
def store(tmp_path: Path) -> ShapeStore:
    return store_in(tmp_path)


def queue_of(store: ShapeStore, series: str, **files: str) -> Path:
    queue = store.queue("anthropic")
    queue.mkdir(parents=True, exist_ok=True)
    (queue / "series").write_text(series)
    for name, text in files.items():
        (queue / f"{name}.patch").write_text(text)
    return queue


def change(one: Shape, other: Shape) -> str:
    return diff_text(to_text(one), to_text(other))


def the_packaged() -> Shape:
    found = packaged("anthropic")
    assert found is not None
    return found


def test_a_patch_over_packaged_names_is_the_captured_shape(store: ShapeStore) -> None:
    """W-SHAPE-4: the reference copied its packaged base into the user's directory, if there was a fingerprint."""
    path = store.save_patch("anthropic", shape(), {"ja4": "t13d"})
    assert path == store.queue("anthropic") / "0001-local-shape.patch"
    assert sorted(each.name for each in store.directory.rglob("*")) == ["0001-local-shape.patch", "anthropic", "series"]
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)] == [0o600, 0o700]
    found = store.pick("anthropic")
    assert (found, store.fingerprint("anthropic")) == (shape(), {"ja4": "t13d"})
    assert json.dumps(found.body) == json.dumps(shape().body)  # in the client's order
    base = store.base("anthropic")
    assert base is not None
    assert base.provenance.source == "packaged"
    assert store.versions("anthropic") == []
    assert "anthropic" in store.names()


def test_a_base_that_changed_is_named_and_never_left_unshaped(store: ShapeStore) -> None:
    """W-SHAPE-4: a patch broke with the next base, and requests went as they were, with a line in a log."""
    older = shape(headers=[(b"x-older", b""), *the_packaged().headers], body={}, url=the_packaged().url)
    queue_of(store, "0001-local-shape.patch\n", **{"0001-local-shape": change(older, shape())})
    problem = store.problems()["anthropic"]
    assert f"{store.queue('anthropic') / '0001-local-shape.patch'}:3: hunk 1 does not fit" in str(problem)
    assert "save the patch anew" in problem.fix
    assert error_of(lambda: store.pick("anthropic")) == str(problem)
    store.save_patch("anthropic", shape())  # what it says to do
    assert store.pick("anthropic").headers == HEADERS
    assert store.problems() == {}


def test_a_base_of_the_user_that_changed_is_named(store: ShapeStore) -> None:
    """W-SHAPE-4"""
    store.save(shape())
    store.save_patch("anthropic", shape(headers=[*HEADERS, (b"x-more", b"1")]))
    assert store.pick("anthropic").headers == [*HEADERS, (b"x-more", b"1")]
    store.save(shape(headers=[*HEADERS[:-1]]))
    assert list(store.problems()) == ["anthropic"]
    assert "does not fit" in error_of(lambda: store.pick("anthropic"))


def test_a_patch_holds_nothing_of_what_was_said(store: ShapeStore) -> None:
    """W-SHAPE-4: the reference's patches have the user's prompt in them."""
    fields = [(b"x-api-key", KEY.encode()), (b"User-Agent", b"other-cli/1")]
    url = f"https://api.anthropic.com/v1/messages?beta=true&key={KEY}"
    captured = Shape("anthropic", "POST", *reduce("POST", url, fields, BODY, profiles()["anthropic"]), PROVENANCE)
    for base in (False, True):
        if base:
            write_flows(store.path("anthropic"), [foreign_flow({**BODY, "zone": "a"})])
        path = store.save_patch("anthropic", captured)
        assert path is not None
        text = path.read_text()
        assert PROMPT not in text
        assert KEY not in text
        assert store.pick("anthropic").body == {"zone": "b", "options": {"b": 1, "a": ""}}


def test_a_patch_is_as_small_as_the_change(store: ShapeStore) -> None:
    store.save(shape())
    path = store.save_patch("anthropic", shape(method="PUT"))
    assert path is not None
    changed = [line for line in path.read_text().splitlines() if line[:1] in "+-" and line[:3] not in {"+++", "---"}]
    assert changed == ['-  "method": "POST",', '+  "method": "PUT",']


def test_what_is_the_same_as_the_base_needs_no_patch(store: ShapeStore) -> None:
    store.save(shape())
    assert store.save_patch("anthropic", shape()) is None
    assert not store.queue("anthropic").exists()
    store.save_patch("anthropic", shape(method="PUT"))
    assert store.pick("anthropic").method == "PUT"
    assert store.save_patch("anthropic", shape()) is None
    assert store.pick("anthropic").method == "POST"


def test_it_stands_before_the_patches_of_the_user(store: ShapeStore) -> None:
    mine = change(shape(), shape(method="PUT"))
    queue = queue_of(store, "# mine\nmine.patch\n", mine=mine)
    store.save_patch("anthropic", shape())
    assert (queue / "series").read_text() == "0001-local-shape.patch\n# mine\nmine.patch\n"
    assert store.pick("anthropic") == shape(method="PUT")
    kept = (queue / "0001-local-shape.patch").read_bytes()
    with pytest.raises(ShapeError, match=r"a patch after 0001-local-shape\.patch would no longer fit.*mine\.patch:3"):
        store.save_patch("anthropic", shape(method="PATCH"))
    assert (queue / "0001-local-shape.patch").read_bytes() == kept


def test_it_keeps_its_place_in_the_series(store: ShapeStore) -> None:
    store.save(shape())
    first = change(shape(), shape(body={"by": "first"}))
    queue_of(store, "first.patch\n0001-local-shape.patch # ours\n", **{"first": first, "0001-local-shape": "broken"})
    assert "holds no unified diff" in error_of(lambda: store.pick("anthropic"))
    store.save_patch("anthropic", shape(body={"by": "both"}))
    assert store.pick("anthropic").body == {"by": "both"}
    assert (store.queue("anthropic") / "series").read_text() == "first.patch\n0001-local-shape.patch # ours\n"


def test_packaged_names_without_a_value_are_left_out(store: ShapeStore) -> None:
    base = the_packaged()
    named = [(name, b"cli" if name == b"x-app" else value) for name, value in base.headers]
    queue_of(store, "mine.patch\n", mine=change(base, shape(url=base.url, headers=named, body=base.body)))
    assert store.pick("anthropic") == Shape("anthropic", "POST", base.url, [(b"x-app", b"cli")], {}, Provenance("file"))


def test_patches_that_fill_in_nothing_are_no_shape(store: ShapeStore) -> None:
    base = the_packaged()
    queue_of(store, "mine.patch\n", mine=change(base, shape(url="https://h.example/", headers=base.headers, body={})))
    assert "there is no shape for the profile 'anthropic' yet" in error_of(lambda: store.pick("anthropic"))


def test_a_result_that_is_no_shape_is_named(store: ShapeStore) -> None:
    store.save(shape())
    text = to_text(shape())
    for wrong, named in (('"url": ""', "'url'"), ('"url": "https://h.example/', "not JSON")):
        other = text.replace('"url": "https://api.anthropic.com/v1/messages?beta=true"', wrong)
        queue_of(store, "mine.patch\n", mine=diff_text(text, other))
        said = error_of(lambda: store.pick("anthropic"))
        assert "the patches of 'anthropic' leave no shape" in said
        assert named in said
        assert str(store.problems()["anthropic"]) == said


def test_a_credential_in_a_patch_is_not_used(store: ShapeStore) -> None:
    store.save(shape())
    fields = [(name, KEY.encode() if name == b"x-api-key" else value) for name, value in HEADERS]
    queue_of(store, "mine.patch\n", mine=change(shape(), shape(headers=fields)))
    assert store.pick("anthropic").headers == HEADERS


def test_patches_for_nothing_are_named(store: ShapeStore) -> None:
    queue_of(store, "mine.patch\n", mine=change(shape(), shape(method="PUT")))
    store.queue("anthropic").rename(store.queue("mine"))
    assert "nothing that they are for" in str(store.problems()["mine"])
    with pytest.raises(ShapeError, match="--mflow"):
        store.save_patch("mine", shape("mine"))


def test_what_a_head_says_wrong_is_not_known(store: ShapeStore) -> None:
    store.save(shape())
    head = '# ccproxy.shape: {"client": 1}\n# ccproxy.fingerprint.profile: [1\n# ccproxy.members: [[[3]]]\n'
    queue_of(store, "mine.patch\n", mine=head + change(shape(), shape(method="PUT")))
    found = store.pick("anthropic")
    assert (found.method, found.provenance, found.body) == ("PUT", Provenance("file"), shape().body)
    assert store.fingerprint("anthropic") is None
