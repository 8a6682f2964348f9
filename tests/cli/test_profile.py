"""`pinsharp profile`: a profile is made, drawn and printed, and whatever cannot be is one line that writes nothing."""

import json
import sys

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from pinsharp.blur.profile_json import read_profile
from pinsharp.cli import main
from pinsharp.cli.profile_words import in_words
from slanted_edges import edge, gaussian


def write(path, plane):
    cv2.imwrite(str(path), np.rint(np.clip(plane, 0, 1) * 255).astype(np.uint8))
    return path


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the command in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["pinsharp", "profile", *words])
        with pytest.raises(SystemExit) as done:
            main.run()
        out, err = capsys.readouterr()
        return done.value.code or 0, out, err

    return call


@pytest.fixture
def edges(tmp_path):
    noise = np.random.default_rng(0).normal(0, 1 / 255, (110, 80))
    for name, sigma in (("a.png", 1.0), ("b.png", 2.0)):
        write(tmp_path / name, edge(gaussian, sigma, 5.0) + noise)
    return tmp_path


def test_a_profile_of_edges_is_made_and_shown(run, edges):
    code, out, err = run("create", "-o", "c.json", "--edge", "a.png", "b.png", "--flat", "a.png")

    assert code == 0
    assert "slanted edges: 2 places" in out
    assert "wrote c.json" in err
    profile = read_profile(edges / "c.json")
    assert [each.blur.sigma for each in profile.kernels] == pytest.approx([1.0, 2.0], rel=0.02)
    assert [each.file for each in profile.kernels] == ["a.png", "b.png"]
    assert (profile.height, profile.width, profile.bits, profile.white_level) == (110, 80, 8, 255)
    assert profile.noise.std_at(0.5) == pytest.approx(1 / 255, rel=0.15)

    code, shown, _ = run("show", "c.json", "-o", "c.png")

    assert code == 0
    assert shown.splitlines() == list(in_words(profile)) == out.splitlines()
    assert cv2.imread(str(edges / "c.png")).std() > 10
    assert json.loads(run("show", "c.json", "--json")[1])["version"] == 1


def test_faults_that_both_images_share_are_kept(run, tmp_path):
    rng = np.random.default_rng(0)
    for name, other in (("a.png", 20), ("b.png", 60)):
        plane = edge(gaussian, 1.2, 5.0, shape=(160, 120)) + rng.normal(0, 1 / 255, (160, 120))
        plane[:, 11] = 0.95
        plane[other, 100] = 0.05
        write(tmp_path / name, plane)

    code, *_ = run("create", "-o", "c.json", "--edge", "a.png", "b.png")

    assert code == 0
    mask = read_profile(tmp_path / "c.json").faulty_mask
    assert mask[:, 11].all()
    assert mask.sum() == 160


def test_gamma_is_undone(run, tmp_path):
    write(tmp_path / "a.png", edge(gaussian, 1.5, 5.0) ** (1 / 2.2))

    code, *_ = run("create", "-o", "c.json", "--edge", "a.png", "--light", "2.2")

    profile = read_profile(tmp_path / "c.json")
    assert code == 0
    assert profile.light == "2.2"
    assert profile.own_softness.sigma == pytest.approx(1.5, rel=0.01)


@pytest.mark.parametrize(
    "words, sentence",
    [
        ((), "expected something that the camera has seen"),
        (("--edge", "plain.png"), "plain.png: expected a straight slanted edge"),
        (("--edge", "none.png"), "none.png: expected an image file"),
        (("--target", "a.png"), "--target goes with --print"),
        (("--sharp", "a.png"), "--sharp goes with --blurred"),
        (("--stack", "a.png", "b.png"), "--stack goes with --steps"),
        (("--steps", "0,1"), "--stack goes with --steps"),
        (("--stack", "a.png", "b.png", "--steps", "0,1um"), "at least 4 images, got 2"),
        (("--stack", "a.png", "b.png", "--steps", "0,1,2um"), "for each image of --stack, 2, got 3"),
        (("--stack", "a.png", "b.png", "--steps", "0mm,1um"), "one unit"),
        (("--flat", "a.png", "plain.png"), "plain.png: expected 80 x 110 pixels as a.png"),
        (("--edge", "a.png", "--light", "dark"), "light must be"),
        (("--edge", "a.png", "-o", "c.txt"), "ends in .json"),
        (("--edge", "a.png", "-o", "none/c.json"), "create it first"),
        (("--edge", "a.png", "-o", "there.json"), "use --overwrite"),
    ],
)
def test_what_makes_no_profile_is_one_line_and_writes_nothing(run, edges, words, sentence):
    write(edges / "plain.png", np.full((60, 60), 0.4))
    (edges / "there.json").write_text("{}")
    before = sorted(edges.iterdir())

    code, out, err = run("create", *(() if "-o" in words else ("-o", "c.json")), *words)

    assert code == 2
    assert sentence in err
    assert (len(err.splitlines()), out) == (1, "")
    assert sorted(edges.iterdir()) == before


@pytest.mark.parametrize(
    "content, words, sentence",
    [
        ("{}", (), "got other JSON"),
        ("no", (), "expected a profile as JSON"),
        ("{}", ("-o", "c.gif"), "ends in .png, .pdf, .svg"),
    ],
)
def test_what_is_no_profile_is_one_line(run, tmp_path, content, words, sentence):
    (tmp_path / "c.json").write_text(content)

    code, out, err = run("show", "c.json", *words)

    assert code == 2
    assert sentence in err
    assert (len(err.splitlines()), out) == (1, "")
    assert [path.name for path in tmp_path.iterdir()] == ["c.json"]


def test_help_names_every_option_of_files():
    shown = CliRunner().invoke(main.app, ["profile", "create", "--help"], env={"COLUMNS": "200"}).output

    for name in (
        "--edge",
        "--points",
        "--target",
        "--print",
        "--blurred",
        "--sharp",
        "--in-focus",
        "--stack",
        "--flat",
    ):
        assert name in shown
