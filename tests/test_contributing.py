"""The diffs in CONTRIBUTING.md fit the code of today, and what they add works."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pinsharp.images.files import write_image

ROOT = Path(__file__).parents[1]
DIFFS = re.findall(r"^```diff\n(.*?)^```$", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.M | re.S)
MOST_LINES = 30

USE_THEM = """
import sys
import imagecodecs, numpy, torch
import pinsharp
from pinsharp.nets.registry import build_net, traits_of

net = build_net("srcnn", {"width": 4})
assert net(torch.rand(1, 3, 9, 11)).shape == (1, 3, 9, 11)
assert traits_of(net).stages == ("direct",)

blurred = torch.rand(1, 1, 40, 44)
restored = pinsharp.load_method("van-cittert")(blurred, pinsharp.gaussian_kernel(1.0))
assert restored.image.var() > blurred.var()
more = pinsharp.load_method("van-cittert:20")(blurred, pinsharp.gaussian_kernel(1.0))
assert more.image.var() > restored.image.var()

pixels = numpy.arange(7 * 5 * 3, dtype=numpy.uint8).reshape(7, 5, 3)
content = imagecodecs.qoi_encode(pixels)
for name, data in (("whole.qoi", content), ("half.qoi", content[: len(content) // 2])):
    open(name, "wb").write(data)
assert (pinsharp.read_image("whole.qoi").pixels == pixels).all()
try:
    pinsharp.read_image("half.qoi")
except pinsharp.ImageError as error:
    assert "whole QOI file" in str(error)
else:
    raise AssertionError("half a file was read")
"""


@pytest.fixture(scope="module")
def patched(tmp_path_factory):
    """A copy of the package with all diffs applied; its weights are those of the original."""
    folder = tmp_path_factory.mktemp("patched")
    ours = ROOT / "src" / "pinsharp"
    shutil.copytree(ours, folder / "src" / "pinsharp", ignore=shutil.ignore_patterns("*.safetensors", "__pycache__"))
    for weights in (ours / "nets" / "zoo").glob("*.safetensors"):
        (folder / "src" / "pinsharp" / "nets" / "zoo" / weights.name).symlink_to(weights)
    for diff in DIFFS:
        subprocess.run(["git", "apply", "-"], cwd=folder, input=diff, text=True, check=True)
    return folder


def run(patched, *call):
    """Run Python on the copy; what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(patched / "src")}
    done = subprocess.run(
        [sys.executable, *call], cwd=patched, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_is_one_for_a_net_a_method_a_format_and_a_study():
    assert len(DIFFS) == 4


@pytest.mark.parametrize("diff", DIFFS, ids=["net", "method", "format", "study"])
def test_each_is_short(diff):
    changed = [line for line in diff.splitlines() if re.match(r"[+-](?!\+\+|--)", line)]

    assert 10 < len(changed) <= MOST_LINES


@pytest.mark.slow
def test_net_method_and_format_work(patched):
    run(patched, "-c", USE_THEM)


@pytest.mark.slow
def test_the_study_keeps_records_of_its_own(patched):
    photo = patched / "photos" / "a.png"
    photo.parent.mkdir()
    write_image(photo, np.random.default_rng(0).integers(0, 256, (48, 56), np.uint8))
    call = ("-m", "pinsharp", "bench", "run", "--data", "photos", "-o", "out", "--methods", "blurred")

    shaded = run(patched, *call, "--kernels", "gaussian:2", "--shaded")

    assert "blurred" in shaded
    assert [path.name for path in (patched / "out").glob("*.jsonl")] == ["shaded.jsonl"]
    assert run(patched, *call, "--kernels", "gaussian:2") != shaded
