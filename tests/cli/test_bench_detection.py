"""`pinsharp bench detection`: measured once, told in files and on stdout; wrong options are one error."""

import json

import pytest

PANEL = """
[panel]
pins = 3
pin_length_um = 110
lead_um = 30
trace_um = 20
[panel.particles]
per_pin = 6
onset_um = 10
[camera]
read_noise = 10
"""


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "panel.toml"
    path.write_text(PANEL)
    return path


@pytest.fixture
def bench(cli, settings, tmp_path):
    """Call `pinsharp bench detection` on two small panels, one blur."""

    def call(*options, methods="blurred,linear-limit", out=tmp_path / "out"):
        common = ["-o", out, "--settings", settings, "--device", "cpu", "--seeds", 2, "--kernels", "gaussian:2"]
        return cli("bench", "detection", *common, "--methods", methods, *options)

    return call


def test_panels_are_measured_once_and_told_in_files(bench, tmp_path):
    first = bench("--json")
    again = bench()

    document = json.loads(first.out)
    assert (first.code, again.code) == (0, 0)
    assert (document["panel"]["pins"], document["camera"]["read_noise"], document["camera"]["bits"]) == (3, 10, 8)
    (group,) = document["groups"]
    rows = {row["row"]: row for row in group["rows"]}
    assert list(rows) == ["sharp", "blurred", "linear-limit"]
    assert rows["sharp"]["f1_ratio"] == 1
    assert rows["blurred"]["f1"] < rows["linear-limit"]["f1"] < rows["sharp"]["f1"]
    files = {path.name for path in (tmp_path / "out").iterdir() if path.is_file()}
    pictures = {f"detection-{name}.{kind}" for name in ("curves", "gaussian-2") for kind in ("png", "pdf")}
    assert files == {"detection.jsonl", "detection.md", "detection.csv", "detection.tex"} | pictures
    assert "6 images to inspect" in first.err
    assert "0 images to inspect" in again.err
    assert again.out == (tmp_path / "out" / "detection.md").read_text()


def test_another_seed_or_blur_adds_to_what_is_there(bench):
    bench()

    more = bench("--seeds", 3, "--kernels", "gaussian:2,gaussian:1")

    assert f"{1 * 3 + 3 * 2} images to inspect" in more.err
    assert "gaussian:1 (sigma 1.00 px), 3 panels" in more.out


def test_the_true_kernel_the_bits_and_true_pins_can_be_asked_for(bench):
    shown = bench("--true-kernel", "--bits", 12, "--true-pins", "--seeds", 1, methods="told=wiener")

    assert shown.code == 0
    assert "told, true kernel" in shown.out
    assert "12 bits" in shown.out
    assert "pins given to the detector" in shown.out


def test_settings_of_the_detector_count(bench, tmp_path):
    (tmp_path / "blind.toml").write_text("threshold = 900.0\n")

    shown = bench("--detector", tmp_path / "blind.toml", "--json")

    (group,) = json.loads(shown.out)["groups"]
    assert [row["missed"] for row in group["rows"]] == [1, 1, 1]


@pytest.mark.slow
def test_a_network_restores_blind(bench, model):
    shown = bench("--jobs", 2, methods=f"net={model}")

    assert shown.code == 0
    assert "| net, 3 passes |" in shown.out


def test_seeds_that_the_detector_was_chosen_on_are_remarked(bench):
    shown = bench("--first-seed", 1000, "--seeds", 1)

    assert "chosen on panels from seed 1000 on; the last one here is 1000" in shown.err


@pytest.mark.parametrize(
    "options, sentence",
    [
        (["--passes", "0"], "passes of at least 1, got 0"),
        (["--passes", "a"], "--passes: expected numbers"),
        (["--jobs", "0"], "--jobs must be at least 1"),
        (["--kernels", "square:3"], "square:3"),
        (["--bits", "9"], "camera.bits must be 8 or 12"),
        (["--detail", "1,2,3"], "--detail: expected four numbers"),
        (["--methods", "magic"], "'magic'"),
        (["--methods", "sharp=wiener"], "a label of its own"),
        (["--settings", "nowhere.toml"], "nowhere.toml: expected a settings file"),
        (["--detector", "nowhere.toml"], "nowhere.toml: expected a settings file"),
    ],
)
def test_wrong_options_are_one_error(cli, tmp_path, options, sentence):
    result = cli("bench", "detection", "-o", tmp_path / "out", "--device", "cpu", *options)

    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert sentence in result.err
