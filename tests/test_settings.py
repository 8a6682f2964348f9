"""TOML files into dataclasses: values of every kind arrive, and each slip is one sentence that names its place."""

from dataclasses import dataclass, field
from typing import Literal

import pytest

from pinsharp.errors import ConfigError
from pinsharp.settings import PLAIN_WORDS, build, read_toml


@dataclass(frozen=True)
class Lens:
    """What a table in a table becomes."""

    focus_mm: float = 50.0


@dataclass(frozen=True)
class Camera:
    """What a file becomes."""

    name: str
    bits: int = 8
    kind: Literal["line", "area"] = "line"
    lens: Lens = field(default_factory=Lens)
    size: tuple[int, int] = (4, 6)
    gains: tuple[float, ...] = ()


def test_values_of_every_kind_arrive(tmp_path):
    (tmp_path / "c.toml").write_text(
        "name = 'a'\nkind = 'area'\nsize = [3, 2]\ngains = [1, 0.5]\n[lens]\nfocus_mm = 35\n"
    )

    camera = build(Camera, read_toml(tmp_path / "c.toml", example="bits = 8"), "")

    assert camera == Camera("a", 8, "area", Lens(35.0), (3, 2), (1.0, 0.5))
    assert type(camera.lens.focus_mm) is type(camera.gains[0]) is float


@pytest.mark.parametrize(
    "values, words, sentence",
    [
        ({"name": "a", "bit": 8}, None, "unknown setting camera.bit; known ones: name, bits, kind, lens, size, gains"),
        ({}, None, "setting camera.name is missing"),
        ([], None, "[camera] must be a table of settings, got []"),
        ({"name": 3}, PLAIN_WORDS, "camera.name must be of type str, got 3"),
        ({"name": "a", "bits": 8.0}, None, "camera.bits must be of type int, got 8.0"),
        ({"name": "a", "bits": True}, PLAIN_WORDS, "camera.bits must be a whole number, got True"),
        ({"name": "a", "kind": "web"}, None, "camera.kind must be one of line, area, got 'web'"),
        ({"name": "a", "lens": {"focus_mm": "50"}}, None, "camera.lens.focus_mm must be of type float, got '50'"),
        ({"name": "a", "lens": {"focus_mm": "50"}}, PLAIN_WORDS, "camera.lens.focus_mm must be a number, got '50'"),
        ({"name": "a", "size": [1]}, None, "camera.size must hold 2 values, got 1"),
        ({"name": "a", "gains": [1, "b"]}, PLAIN_WORDS, "camera.gains.1 must be a number, got 'b'"),
    ],
)
def test_a_slip_is_one_sentence_with_its_place(values, words, sentence):
    with pytest.raises(ConfigError) as caught:
        build(Camera, values, "camera.", words)

    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    "content, sentence",
    [
        (None, "expected a settings file, got No such file or directory; check its name"),
        (b"bits 8", "expected TOML, got .*; write lines such as bits = 8"),
        (b"\xff", "expected TOML, got .*; write lines such as bits = 8"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "c.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigError, match=f"c.toml: {sentence}"):
        read_toml(path, example="bits = 8")
