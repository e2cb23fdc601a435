"""The pictures of the documentation show what the program shows today."""

import re
from pathlib import Path

import pytest

from scripts.pictures import IMAGES, Picture, draw, pictures
from tests.repository.markdown import documents

# One worker runs them all, so that the pictures are made once.
pytestmark = pytest.mark.xdist_group("pictures")

NAMES = sorted(path.stem for path in IMAGES.glob("*.txt"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Picture]:
    return pictures(tmp_path_factory.mktemp("pictures"))


def test_every_picture_is_there(made: dict[str, Picture]) -> None:
    assert sorted(made) == NAMES == sorted(path.stem for path in IMAGES.glob("*.png"))


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_shows_what_a_new_run_shows(name: str, made: dict[str, Picture]) -> None:
    stored = (IMAGES / f"{name}.txt").read_text("utf-8")
    assert _without_checksum(made[name].text) == _without_checksum(stored), "run: make pictures"


def _without_checksum(text: str) -> str:
    return re.sub("sha256:[0-9a-f]{64}", "sha256:…", text)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_small_and_shown(name: str) -> None:
    picture = IMAGES / f"{name}.png"
    assert picture.stat().st_size < 100_000
    texts = [path.read_text("utf-8") for path in documents()]
    assert any(re.search(rf"!\[[^\]]+\]\([\w/]*images/{name}\.png\)", text) for text in texts)


def test_without_chromium_it_says_so(made: dict[str, Picture], tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        with pytest.raises(FileNotFoundError, match="apt-get install chromium"):
            draw(made["log"], tmp_path / "log.png")
