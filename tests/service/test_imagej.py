"""The macro for ImageJ: its curl command against a service, and the whole of it where ImageJ is installed."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tifffile

from pinsharp.images.files import read_image
from served import Served

MACRO = Path(__file__).parents[2] / "deploy" / "imagej" / "Pinsharp_Restore.ijm"
JAR = Path("/usr/share/java/ij.jar")
PATIENCE_S = 120


@pytest.fixture(scope="module")
def server(model, tmp_path_factory):
    started = Served(tmp_path_factory.mktemp("server") / "state", "--model", model)
    yield started
    assert started.end() == (0, "")


@pytest.fixture
def blurred(photo):
    """16 bits of grey, as cameras give them."""
    pixels = read_image(photo("image.png", (64, 72))).pixels
    return pixels.reshape(64, 72, -1)[..., 0].astype(np.uint16) * 200


def curl_of(macro, known):
    """The command of the macro's `exec`, with values in the place of its variables."""
    call = re.search(r"exec\((.*?)\);", macro, re.DOTALL)[1]
    words = []
    for argument in re.split(r",\s+", call):
        parts = [part.strip() for part in argument.split(" + ")]
        words.append("".join(part[1:-1] if part.startswith('"') else known[part] for part in parts))
    return words


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_its_command_sends_a_tiff_and_gets_one_of_the_same_depth(server, blurred, tmp_path):
    known = {name: str(tmp_path / name) for name in ("sent", "answer", "said", "asked", "headers")}
    tifffile.imwrite(known["sent"], blurred, byteorder=">")  # as ImageJ writes them
    Path(known["asked"]).write_text('{"kernel": "disk:2"}')
    Path(known["headers"]).write_text("Accept: image/tiff\nX-API-Key: \n")

    done = subprocess.run(
        curl_of(MACRO.read_text(), known | {"address": server.url}), capture_output=True, text=True, timeout=PATIENCE_S
    )

    assert (done.stdout, done.stderr) == ("200", "")
    restored = tifffile.imread(known["answer"])
    assert (restored.shape, restored.dtype) == (blurred.shape, np.uint16)
    report = re.search(r"(?im)^pinsharp-report: (.*)$", Path(known["said"]).read_text())[1]
    assert json.loads(report)["sigma"] == pytest.approx(1.06, abs=0.01)


needs_imagej = pytest.mark.skipif(
    not JAR.exists() or not shutil.which("xvfb-run") or not shutil.which("curl"), reason="needs imagej, xvfb and curl"
)


def run(address, source, target):
    """Run the macro in ImageJ, from a file to a file; returns what it says."""
    command = ["xvfb-run", "-a", "java", "-cp", str(JAR), "ij.ImageJ", "-batch", str(MACRO)]
    arguments = f'{address}|{{"kernel": "disk:2"}}|{source}|{target}'
    done = subprocess.run([*command, arguments], capture_output=True, text=True, timeout=PATIENCE_S)
    return done.stdout.strip()


@pytest.mark.slow
@needs_imagej
@pytest.mark.parametrize("planes", [1, 2])
def test_imagej_restores_an_image_and_a_stack(server, blurred, tmp_path, planes):
    stack = np.stack([blurred, blurred[::-1]])[:planes]
    tifffile.imwrite(tmp_path / "in.tif", stack, imagej=True, resolution=(4, 4), metadata={"unit": "um"})

    said = run(server.url, tmp_path / "in.tif", tmp_path / "out.tif")

    assert said == "pinsharp: in.tif: sigma 1.06 px"
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        restored = file.asarray().reshape(stack.shape)
        assert file.pages[0].tags["XResolution"].value == (4_000_000, 1_000_000)
    assert restored.dtype == np.uint16
    options = {"kernel": "disk:2"} | ({"planes": "each"} if planes > 1 else {})
    _, _, expected = server.request(
        "POST", f"/v1/restore?options={json.dumps(options).replace(' ', '')}", (tmp_path / "in.tif").read_bytes()
    )
    (tmp_path / "expected.tif").write_bytes(expected)
    np.testing.assert_array_equal(restored, tifffile.imread(tmp_path / "expected.tif").reshape(stack.shape))


@pytest.mark.slow
@needs_imagej
def test_imagej_says_what_went_wrong_in_one_sentence(server, tmp_path):
    tifffile.imwrite(tmp_path / "in.tif", np.full((40, 40), 7, np.float32))

    refused = run(server.url, tmp_path / "in.tif", tmp_path / "out.tif")
    alone = run("http://127.0.0.1:9", tmp_path / "in.tif", tmp_path / "out.tif")

    assert refused.startswith("pinsharp: image.tif: expected float values in [0, 1], got 7")
    assert alone.startswith("pinsharp: expected a service at http://127.0.0.1:9, got no answer")
    assert not (tmp_path / "out.tif").exists()
