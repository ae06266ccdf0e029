"""We believe that an image's tag stands for its content and everything below it, only that."""

from __future__ import annotations

import os
import tarfile
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from environments.replica.image_builder import IMAGES
from environments.replica.image_failures import LAST_LINES, ImageBuildError, last_lines, remedy
from environments.replica.image_folders import (
    BASE,
    BASE_TAG,
    building_order,
    content_tags,
    context,
    read_folders,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def write(root: Path, name: str, *parents: str, after: str = "") -> Path:
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    arguments = "".join(f"ARG {parent}\n" for parent in parents)
    start = f"FROM ${{{parents[0]}}}\n" if parents else "FROM scratch\n"
    (folder / "Dockerfile").write_text(f"# a comment\n{arguments}{start}{after}")
    return folder


def tags_of(root: Path) -> dict[str, str]:
    return content_tags(building_order(read_folders(root), None))


def order_of(root: Path, *names: str) -> list[str]:
    return [folder.name for folder in building_order(read_folders(root), names or None)]


def test_parents_come_first(tmp_path: Path) -> None:
    write(tmp_path, "above", "middle")
    write(tmp_path, "middle", "low", BASE)
    write(tmp_path, "low", BASE)
    assert order_of(tmp_path) == ["low", "middle", "above"]


def test_only_what_is_asked_for_and_what_it_stands_on(tmp_path: Path) -> None:
    write(tmp_path, "above", "low")
    write(tmp_path, "low", BASE)
    write(tmp_path, "other", BASE)
    assert order_of(tmp_path, "above") == ["low", "above"]


def test_arguments_after_from_are_no_parents(tmp_path: Path) -> None:
    write(tmp_path, "image", BASE, after="ARG version=3\n")
    assert read_folders(tmp_path)["image"].parents == (BASE,)


def test_a_circle_is_named(tmp_path: Path) -> None:
    write(tmp_path, "a", "b")
    write(tmp_path, "b", "c")
    write(tmp_path, "c", "b")
    with pytest.raises(ImageBuildError, match=r"circle \(b -> c -> b\); take one ARG out"):
        order_of(tmp_path)


def test_a_parent_that_does_not_exist_is_named(tmp_path: Path) -> None:
    write(tmp_path, "a", "nope")
    with pytest.raises(ImageBuildError, match=r"a/Dockerfile names the image 'nope'.*base, a"):
        order_of(tmp_path)


def test_an_image_that_does_not_exist_is_named(tmp_path: Path) -> None:
    write(tmp_path, "a", BASE)
    with pytest.raises(ImageBuildError, match="'nope', which does not exist; name one of"):
        order_of(tmp_path, "nope")


def test_a_folder_without_a_dockerfile_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageBuildError, match="image empty has no Dockerfile; write"):
        read_folders(tmp_path)


def test_a_dockerfile_without_from_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "Dockerfile").write_text("ARG base\n")
    with pytest.raises(ImageBuildError, match="a/Dockerfile has no FROM line; begin it with"):
        read_folders(tmp_path)


@pytest.mark.parametrize("name", ["db-router", "Upper", BASE])
def test_a_name_that_is_no_argument_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, BASE)
    with pytest.raises(ImageBuildError, match="rename the folder"):
        read_folders(tmp_path)


def test_a_tag_is_a_name_and_a_hash(tmp_path: Path) -> None:
    write(tmp_path, "a", BASE)
    tags = tags_of(tmp_path)
    assert tags[BASE] == BASE_TAG
    repository, _, digest = tags["a"].partition(":")
    assert (repository, len(digest)) == ("muster/a", 12)


def test_a_tag_forgets_time_place_and_leftovers(tmp_path: Path) -> None:
    first, second = (write(tmp_path / name, "a", BASE) for name in ("one", "two"))
    for folder in (first, second):
        (folder / "file").write_text("content")
    os.utime(second / "file", (1, 1))
    (second / "file").chmod(0o600)
    (second / "__pycache__").mkdir()
    (second / "__pycache__" / "file.pyc").write_text("leftover")
    assert tags_of(tmp_path / "one") == tags_of(tmp_path / "two")


def change_content(folder: Path) -> None:
    (folder / "file").write_text("other")


def change_name(folder: Path) -> None:
    (folder / "file").rename(folder / "name")


def change_mode(folder: Path) -> None:
    (folder / "file").chmod(0o755)


def add_file(folder: Path) -> None:
    (folder / "more").mkdir()
    (folder / "more" / "file").touch()


def add_symlink(folder: Path) -> None:
    (folder / "link").symlink_to("file")


@pytest.mark.parametrize(
    "change", [change_content, change_name, change_mode, add_file, add_symlink]
)
def test_every_change_of_content_changes_the_tag_and_those_above(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    folder = write(tmp_path, "low", BASE)
    (folder / "file").write_text("content")
    write(tmp_path, "above", "low")
    write(tmp_path, "beside", BASE)
    before = tags_of(tmp_path)
    change(folder)
    after = tags_of(tmp_path)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"low", "above"}


def test_the_context_holds_the_files_and_their_modes(tmp_path: Path) -> None:
    folder = write(tmp_path, "a", BASE)
    (folder / "bin").mkdir()
    (folder / "bin" / "tool").write_text("x")
    (folder / "bin" / "tool").chmod(0o700)
    with tarfile.open(fileobj=BytesIO(context(folder))) as archive:
        modes = {entry.name: entry.mode for entry in archive}
    assert modes == {"Dockerfile": 0o644, "bin/tool": 0o755}


def test_our_own_images_can_be_planned() -> None:
    assert set(tags_of(IMAGES)) >= {BASE, "tools"}


@pytest.mark.parametrize(
    ("printed", "sentence"),
    [
        ("write /x: No space left on device", "the disk is full: free some space"),
        ("Temporary failure resolving 'mirror.invalid'", "packages could not be fetched"),
        ("E: Failed to fetch http://x", "packages could not be fetched"),
        ("syntax error", "mend it"),
    ],
)
def test_what_to_do_about_it(printed: str, sentence: str) -> None:
    assert sentence in remedy(f"before\n{printed}\nafter", "mend it")


def test_the_last_lines_are_shown_without_empty_ones() -> None:
    printed = "\n\n".join(f"line {number}" for number in range(40))
    shown = last_lines(printed).splitlines()
    assert shown[1] == f"    line {40 - LAST_LINES}"
    assert shown[-1] == "    line 39"
    assert len(shown) == LAST_LINES + 1
