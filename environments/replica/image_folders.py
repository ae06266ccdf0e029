"""What is to be built: one folder each, tagged by its content. Nothing here needs an engine.

A Dockerfile names its parents as ``ARG`` lines before its first ``FROM``: ``base`` or the
name of another folder. Their tags are passed as build arguments, so a tag stands for
everything below it, too.
"""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from environments.replica.image_failures import ImageBuildError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

BASE = "base"
BASE_TAG = "muster/base:trixie"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ARGUMENT = re.compile(r"\s*ARG\s+([^\s=]+)", re.IGNORECASE)
_FROM = re.compile(r"\s*FROM\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """One image to be built from a folder, on top of its parents."""

    name: str
    path: Path
    parents: tuple[str, ...]

    @property
    def dockerfile(self) -> Path:
        return self.path / "Dockerfile"


def read_folders(root: Path) -> dict[str, ImageFolder]:
    """Read every folder of ``root`` as an image.

    Raises:
        ImageBuildError: a folder has no Dockerfile, or one that cannot be used.
    """
    paths = sorted(path for path in root.iterdir() if path.is_dir())
    return {path.name: _read_folder(path) for path in paths}


def _read_folder(path: Path) -> ImageFolder:
    if not _NAME.fullmatch(path.name) or path.name == BASE:
        raise ImageBuildError(
            f"{path} cannot be an image: an image's name is of lower-case letters, digits "
            f"and _, and is not {BASE!r}; rename the folder"
        )
    dockerfile = path / "Dockerfile"
    if not dockerfile.is_file():
        raise ImageBuildError(
            f"image {path.name} has no Dockerfile; write {dockerfile} or remove the folder"
        )
    return ImageFolder(path.name, path, tuple(_parents(dockerfile)))


def _parents(dockerfile: Path) -> Iterator[str]:
    for line in dockerfile.read_text().splitlines():
        if _FROM.match(line):
            return
        if match := _ARGUMENT.match(line):
            yield match[1]
    raise ImageBuildError(
        f"{dockerfile} has no FROM line; begin it with: ARG base, FROM ${{base}}"
    )


def building_order(
    folders: Mapping[str, ImageFolder], names: Iterable[str] | None
) -> tuple[ImageFolder, ...]:
    """Order these images (all when None) and what they stand on, parents first.

    Raises:
        ImageBuildError: a name is no image's, or images stand on each other in a circle.
    """
    ordered: dict[str, ImageFolder] = {}

    def add(name: str, asked_by: str, above: tuple[str, ...]) -> None:
        if name in above:
            circle = " -> ".join((*above[above.index(name) :], name))
            raise ImageBuildError(
                f"images stand on each other in a circle ({circle}); "
                "take one ARG out of a Dockerfile"
            )
        if name in ordered or name == BASE:
            return
        if name not in folders:
            raise ImageBuildError(
                f"{asked_by} names the image {name!r}, which does not exist; "
                f"name one of {', '.join([BASE, *folders])}"
            )
        for parent in folders[name].parents:
            add(parent, str(folders[name].dockerfile), (*above, name))
        ordered[name] = folders[name]

    for name in folders if names is None else names:
        add(name, "the list of images to build", ())
    return tuple(ordered.values())


def content_tags(ordered: Iterable[ImageFolder]) -> dict[str, str]:
    """Tag each image by its content and its parents' tags; parents must come first."""
    tags = {BASE: BASE_TAG}
    for folder in ordered:
        digest = hashlib.sha256(context(folder.path))
        for parent in folder.parents:
            digest.update(f"\0{parent}={tags[parent]}".encode())
        tags[folder.name] = f"muster/{folder.name}:{digest.hexdigest()[:12]}"
    return tags


def context(path: Path) -> bytes:
    """Pack a folder as a build context whose bytes depend on nothing but its content."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for file in sorted(path.rglob("*"), key=lambda file: file.relative_to(path).as_posix()):
            if _belongs(file.relative_to(path)):
                _add(archive, file, file.relative_to(path).as_posix())
    return packed.getvalue()


def _belongs(relative: Path) -> bool:
    # what running the tests of a service leaves in its folder is not its content
    return not any(
        part == "__pycache__" or part.endswith((".pyc", "_cache")) for part in relative.parts
    )


def _add(archive: tarfile.TarFile, file: Path, name: str) -> None:
    entry = tarfile.TarInfo(name)  # owner, group and time stay 0: a checkout has its own
    if file.is_symlink():
        entry.type, entry.linkname = tarfile.SYMTYPE, str(file.readlink())
        archive.addfile(entry)
    elif file.is_file():
        content = file.read_bytes()
        entry.size = len(content)
        entry.mode = 0o755 if file.stat().st_mode & 0o100 else 0o644
        archive.addfile(entry, io.BytesIO(content))
