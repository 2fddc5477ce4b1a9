"""What stands where a file should be, and is none: nobody waits for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ccproxy.shaping.audit import audit_directory
from ccproxy.shaping.shape import ShapeError
from tests.shaping.made_up import profiles, shape, store_in

PLACES = ("anthropic.mflow", "anthropic/series", "anthropic/0001-mine.patch")
MADE: dict[str, Callable[[Path], None]] = {
    "a FIFO": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a directory": Path.mkdir,
}


def put(directory: Path, place: str, kind: str) -> Path:
    """A directory of shapes in which one thing is no file. Gives that."""
    store_in(directory).save(shape())
    path = directory / "shapes" / place
    path.parent.mkdir(exist_ok=True)
    (directory / "shapes" / "anthropic").mkdir(exist_ok=True)
    (directory / "shapes" / "anthropic" / "series").write_text("0001-mine.patch\n")
    path.unlink(missing_ok=True)
    MADE[kind](path)
    return path


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", MADE)
def test_it_is_told_and_not_waited_for(tmp_path: Path, place: str, kind: str) -> None:
    path, store = put(tmp_path, place, kind), store_in(tmp_path)
    with pytest.raises(ShapeError) as told:
        store.pick("anthropic")
    assert path.name in str(told.value) or "outside of" in str(told.value)
    assert told.value.fix
    assert "anthropic" in store.problems()


@pytest.mark.parametrize("place", PLACES[:2])
def test_a_fifo_is_audited_and_not_waited_for(tmp_path: Path, place: str) -> None:
    path = put(tmp_path, place, "a FIFO")
    with pytest.raises(ShapeError, match="it is a FIFO, not a regular file") as told:
        audit_directory(path.parent if place == PLACES[0] else path.parent.parent, profiles())
    assert str(path) in told.value.message


def test_a_fifo_is_neither_read_nor_written_by_a_capture_and_can_be_removed(tmp_path: Path) -> None:
    path, store = put(tmp_path, "anthropic.mflow", "a FIFO"), store_in(tmp_path)
    with pytest.raises(ShapeError, match=f"{path} cannot be read: it is a FIFO"):
        store.save(shape())
    assert path in store.remove("anthropic")
    store.save(shape())
    assert len(store.versions("anthropic")) == 1


def test_a_patch_is_not_written_into_a_fifo(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.save(shape())
    local = store.queue("anthropic") / "0001-local-shape.patch"
    local.parent.mkdir()
    os.mkfifo(local)
    with pytest.raises(ShapeError, match="is no file"):
        store.save_patch("anthropic", shape(body={"other": 1}))


@pytest.mark.parametrize("where", ["shapes", "shapes/below"])
def test_a_file_where_the_directory_of_shapes_should_be(tmp_path: Path, where: str) -> None:
    (tmp_path / "shapes").write_text("a file")
    store = store_in(tmp_path / Path(where).parent)
    with pytest.raises(ShapeError, match="is no directory") as told:
        store.save(shape())
    assert str(tmp_path / "shapes") in told.value.message
    assert "shaping.shapes_dir" in told.value.fix
