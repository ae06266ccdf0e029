"""We believe that images are built once per content, however many runs ask at once.

Each test builds images whose names and contents are its own, and removes them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest

from environments.replica import image_builder
from environments.replica.engine_address import docker_environment
from environments.replica.image_builder import build_images
from environments.replica.image_failures import ImageBuildError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.contract

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def engine() -> Iterator[docker.DockerClient]:
    client = docker.DockerClient.from_env(environment=docker_environment())
    yield client
    client.close()


@pytest.fixture
def name(engine: docker.DockerClient) -> Iterator[str]:
    name = f"test{uuid.uuid4().hex[:8]}"
    yield name
    built = engine.images.list(filters={"reference": f"muster/{name}*"})
    for image in sorted(built, key=lambda image: len(image.history()), reverse=True):
        engine.images.remove(str(image.id), force=True)  # an engine keeps what others stand on
    for image in engine.images.list(filters={"dangling": True}):  # what a failed build left
        if any(item.startswith(f"NAME={name}") for item in image.attrs["Config"]["Env"] or ()):
            engine.images.remove(str(image.id))


def write(root: Path, name: str, *lines: str, parent: str = "base") -> None:
    folder = root / name
    folder.mkdir()
    text = [f"ARG {parent}", f"FROM ${{{parent}}}", f"ENV NAME={name}", *lines]
    (folder / "Dockerfile").write_text("\n".join(text) + "\n")


def build(root: Path, *names: str) -> tuple[dict[str, str], list[str]]:
    said: list[str] = []
    tags = build_images(names or None, said.append, root=root, locks=root.parent / "locks")
    return dict(tags), said


def images_folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    return tmp_path / "images"


def test_an_image_and_the_one_above_it(
    tmp_path: Path, engine: docker.DockerClient, name: str
) -> None:
    root = images_folder(tmp_path)
    write(root, name, "COPY greeting /greeting")
    (root / name / "greeting").write_text("hello")
    write(root, f"{name}above", "RUN grep -q hello /greeting", parent=name)
    tags, said = build(root)
    image = engine.images.get(tags[f"{name}above"])
    assert image.labels["muster.image"] == f"{name}above"
    assert [line for line in said if " building " in line] == [
        f"image {name}: building {tags[name]}",
        f"image {name}above: building {tags[f'{name}above']}",
    ]
    assert re.fullmatch(rf"image {name}above: built in \d+ s, \d+ MB", said[-1])

    again, said = build(root)
    assert again == tags
    assert said == ["images: nothing to build, all 2 are there"]


def test_a_build_that_fails_says_what_and_where(tmp_path: Path, name: str) -> None:
    root = images_folder(tmp_path)
    write(root, name, "RUN echo the last words && exit 3")
    with pytest.raises(ImageBuildError) as caught:
        build(root)
    sentence, *shown = str(caught.value).splitlines()
    dockerfile = root / name / "Dockerfile"
    assert sentence.startswith(f"image {name} failed to build from {dockerfile} (Step 4/")
    assert f"mend {dockerfile} and try again:" in sentence
    assert "    the last words" in shown
    assert "returned a non-zero code: 3" in shown[-1]


def test_a_broken_dockerfile_says_what_and_where(tmp_path: Path, name: str) -> None:
    root = images_folder(tmp_path)
    write(root, name, "NOSUCH instruction")
    with pytest.raises(ImageBuildError, match=rf"image {name} failed .*\n(.*\n)*.*NOSUCH"):
        build(root)


def test_one_failure_stops_what_stands_on_it(
    tmp_path: Path, engine: docker.DockerClient, name: str
) -> None:
    root = images_folder(tmp_path)
    write(root, name, "RUN exit 1")
    write(root, f"{name}above", parent=name)
    with pytest.raises(ImageBuildError, match=f"image {name} failed"):
        build(root)
    assert engine.images.list(filters={"reference": f"muster/{name}*"}) == []


def test_a_long_build_shows_its_step(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_builder, "PROGRESS_SECONDS", 0.2)
    root = images_folder(tmp_path)
    write(root, name, "RUN sleep 2")
    said = build(root)[1]
    assert any(re.fullmatch(rf"image {name}: \d+ s, Step 4/\d+ : RUN sleep 2", x) for x in said)


BUILD = """
import sys
from pathlib import Path
from environments.replica.image_builder import build_images

root = Path(sys.argv[1])
build_images(None, print, root=root, locks=root.parent / "locks")
"""


def test_two_runs_at_once_build_once(tmp_path: Path, name: str) -> None:
    root = images_folder(tmp_path)
    write(root, name, "RUN sleep 2")
    command = [sys.executable, "-c", BUILD, str(root)]
    runs = [
        subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    printed = "".join(run.communicate(timeout=60)[0] for run in runs)
    assert [run.returncode for run in runs] == [0, 0]
    assert len(re.findall("built in", printed)) == 1
    assert len(re.findall("another run is building it; waiting", printed)) == 1
    assert len(re.findall("built by another run", printed)) == 1


def test_no_engine_is_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "environments.replica.image_builder"],
        cwd=REPOSITORY, env={"DOCKER_HOST": "tcp://127.0.0.1:1", "HOME": str(tmp_path)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "`make engine`" in done.stderr
