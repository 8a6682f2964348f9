"""Images that cannot be restored or trusted stay as they are, and say so; they can be forced, or refused."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from pinsharp.batch.job import Job
from pinsharp.batch.work import restore_job
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.normalise import normalisation
from pinsharp.blur.votes import Votes
from pinsharp.errors import ConfigError, ImageError
from pinsharp.images.files import read_image, write_image
from pinsharp.methods.method import Deblurred, MethodTraits, WindowedMethod
from pinsharp.restoration import sources
from pinsharp.restoration.restorer import Restorer
from pinsharp.restoration.widths import field_figures
from tiffs import write_tiff


class Voting:
    """Makes images darker by a half, and lets all windows say one width with one doubt."""

    name, kind, kernel_from, traits = "voting", "network", "itself", MethodTraits(halo=0)
    layers, finished = WindowedMethod.layers, WindowedMethod.finished

    def __init__(self, width, std):
        self.width, self.std = width, std

    def estimate(self, image, kernel=None, hidden=None):
        if kernel is not None:
            return BlurField(kernel, torch.tensor([0.01]), is_given=True)
        said, same = torch.full((4,), math.log(self.width)), torch.ones(4)
        places = torch.tensor([[0, 0, 32, 32], [0, 32, 32, 32], [32, 0, 32, 32], [32, 32, 32, 32]])
        votes = Votes(places, said, self.std * same, 0 * same, 0 * same, same, same / 4)
        known = {"log_width": said[:1], "log_width_std": self.std * same[:1], "votes": (votes,)}
        return BlurField(gaussian_kernel(self.width), torch.tensor([0.01]), **known)

    def estimate_parts(self, parts, kernel=None):
        return self.estimate(parts, kernel)

    def deconvolve(self, image, estimate):
        return Deblurred(image / 2, estimate.kernel, estimate)

    def window_restorer(self, read, shape, estimate, *, largest, levels=None):
        return lambda rows, columns: read(rows, columns) / 2


PIXELS = np.random.default_rng(0).integers(0, 256, (96, 80), dtype=np.uint8)
CASES = [(8.0, 0.05, "too-blurred", False), (0.3, 0.05, "sharp", False), (2.0, 0.7, "no-texture", True)]


@pytest.mark.parametrize("width, title", [(0.3, "Left as it is"), (2.0, "Restored by voting")])
def test_the_picture_says_whether_it_was_restored(width, title, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr("pinsharp.batch.side_by_side.draw", lambda *_, **words: drawn.append(words) or PIXELS)
    write_image(tmp_path / "a.png", PIXELS)
    job = Job(tmp_path / "a.png", tmp_path / "out.png", picture=tmp_path / "sheet.png")

    restore_job(job, restorer=Restorer(Voting(width, 0.05)))

    assert drawn[0]["labels"][1] == title
    assert ("Restored" in drawn[0]["details"]) == title.startswith("Restored")


@pytest.mark.parametrize("width, std, verdict, is_doubtful", CASES)
def test_it_stays_as_it_is_and_says_why(width, std, verdict, is_doubtful):
    found = Restorer(Voting(width, std))(PIXELS)

    assert np.array_equal(found.image, PIXELS)
    assert (found.is_restored, found.defocus.verdict, found.is_doubtful) == (False, verdict, is_doubtful)
    assert found.reason
    assert found.residual is None or found.residual >= 0


def test_what_can_be_restored_is():
    found = Restorer(Voting(2.0, 0.05))(PIXELS)

    assert (found.is_restored, found.reason, found.defocus.verdict) == (True, "", "restorable")
    assert not np.array_equal(found.image, PIXELS)


@pytest.mark.parametrize("width, std", [case[:2] for case in CASES])
@pytest.mark.parametrize("asked", [{"force": True}, {"kernel": "gaussian:2"}])
def test_force_and_a_given_kernel_restore_all_the_same(width, std, asked):
    found = Restorer(Voting(width, std), **asked)(PIXELS)

    assert found.is_restored
    np.testing.assert_allclose(found.image, PIXELS / 2, atol=0.51)


@pytest.mark.parametrize("width, std, verdict, is_doubtful", CASES)
def test_strict_refuses_what_stays_as_it_is_unless_it_is_in_focus(width, std, verdict, is_doubtful):
    restorer = Restorer(Voting(width, std), strict=True)

    if verdict == "sharp":
        assert np.array_equal(restorer(PIXELS).image, PIXELS)
    else:
        with pytest.raises(ImageError, match="expected an image that can be restored, got"):
            restorer(PIXELS)


def test_strict_writes_nothing(tmp_path):
    write_image(tmp_path / "a.png", PIXELS)

    with pytest.raises(ImageError):
        Restorer(Voting(8.0, 0.05), strict=True).restore_file(tmp_path / "a.png", tmp_path / "out" / "b.png")

    assert not (tmp_path / "out" / "b.png").exists()


def test_strict_and_force_contradict_each_other():
    with pytest.raises(ConfigError, match="leave one of them out"):
        Restorer(Voting(2.0, 0.05), strict=True, force=True)


@pytest.mark.parametrize("window", [32, 64])
def test_a_file_larger_than_memory_stays_as_it_is_too(tmp_path, monkeypatch, window):
    monkeypatch.setattr(sources, "LARGE_VALUES", 1000)
    write_tiff(tmp_path / "in.tif", PIXELS, rowsperstrip=7)

    found = Restorer(Voting(8.0, 0.05), window=window).restore_file(tmp_path / "in.tif", tmp_path / "out.tif")

    assert not found.is_restored
    assert np.array_equal(read_image(tmp_path / "out.tif").pixels, PIXELS)


def test_the_figures_of_a_batch_tell_it(tmp_path):
    write_image(tmp_path / "a.png", PIXELS)

    figures = restore_job(Job(tmp_path / "a.png", tmp_path / "b.png"), restorer=Restorer(Voting(8.0, 0.05)))

    told = json.loads(json.dumps(figures))
    assert (told["restored"], told["verdict"], told["doubtful"]) == (False, "too-blurred", False)
    assert told["reason"] == "the blur is so wide that no fine detail is left"
    assert told["interval"][0] < 8 < told["interval"][1]


def test_it_has_no_evidence_map(tmp_path):
    write_image(tmp_path / "a.png", PIXELS)
    (tmp_path / "map.png").write_bytes(b"of another result")
    job = Job(tmp_path / "a.png", tmp_path / "b.png", evidence=tmp_path / "map.png")
    restorer = Restorer(Voting(8.0, 0.05))

    restore_job(job, restorer=restorer, overwrite=True)

    assert restorer(PIXELS).unsupported is None
    assert not (tmp_path / "map.png").exists()


def test_one_channel_that_is_restored_makes_the_image_a_restored_one():
    class Wider(Voting):
        """The width grows with brightness."""

        def estimate(self, image, kernel=None, hidden=None):
            return Voting(8.0 if float(image.mean()) > 0.5 else 2.0, 0.05).estimate(image, kernel)

    pixels = np.stack([PIXELS // 4, PIXELS // 4 + 190, PIXELS // 4], axis=2)

    found = Restorer(Wider(2.0, 0.05), channels="each")(pixels)

    assert found.is_restored
    assert np.array_equal(found.image[..., 1], pixels[..., 1])  # green is too blurred
    np.testing.assert_allclose(found.image[..., 0], pixels[..., 0] / 2, atol=0.51)
    assert "left as it is" not in repr(found)
    assert "left as it is" in repr(Restorer(Voting(8.0, 0.05))(PIXELS))


class Refuted(Voting):
    """Knows brightness and contrast of its images, whose halves it calls their restoration."""

    def estimate(self, image, kernel=None, hidden=None):
        found = super().estimate(image, kernel)
        return replace(found, noise=torch.tensor([0.002]), normalisation=normalisation(image))


def test_a_result_that_the_image_refutes_is_not_given():
    restorer = Restorer(Refuted(2.0, 0.05))

    found = restorer(PIXELS)

    assert np.array_equal(found.image, PIXELS)
    assert (found.is_restored, found.is_doubtful, found.defocus.verdict) == (False, True, "restorable")
    assert "does not match the image" in found.reason
    assert found.typical_residual > 0.1


class Halving(Refuted):
    """Halves what it takes for blurred by more than 1.5 pixels, and leaves the rest nearly as it is."""

    def window_restorer(self, read, shape, estimate, *, largest, levels=None):
        share = 0.5 if estimate.sigma > 1.5 else 0.98
        return lambda rows, columns: share * read(rows, columns)


def test_a_refuted_width_is_replaced_by_the_widest_that_explains_the_image():
    waves = np.sin(np.arange(96) / 9)  # smooth: blurred again they are much the same
    pixels = (128 + 60 * waves[:, None] + 60 * waves[None, :80]).astype(np.uint8)

    found = Restorer(Halving(2.0, 0.05))(pixels)

    assert (found.is_restored, found.is_doubtful, found.refuted_sigma) == (True, True, pytest.approx(2.0))
    assert found.sigma == pytest.approx(1.44)
    low, high = found.defocus.interval
    assert low < 1.44 < 2.0 < high
    np.testing.assert_allclose(found.image, pixels * 0.98, atol=1)


@pytest.mark.parametrize("asked", [{"force": True}, {"kernel": "gaussian:2"}])
def test_who_insists_gets_a_refuted_result_and_its_doubt(asked):
    found = Restorer(Refuted(2.0, 0.05), **asked)(PIXELS)

    assert (found.is_restored, found.is_doubtful) == (True, True)


def test_a_refuted_file_is_written_as_it_is_or_with_strict_not_at_all(tmp_path):
    write_image(tmp_path / "a.png", PIXELS)

    Restorer(Refuted(2.0, 0.05)).restore_file(tmp_path / "a.png", tmp_path / "b.png")
    with pytest.raises(ImageError, match="got the blur is probably of another kind"):
        Restorer(Refuted(2.0, 0.05), strict=True).restore_file(tmp_path / "a.png", tmp_path / "c.png")

    assert np.array_equal(read_image(tmp_path / "b.png").pixels, PIXELS)
    assert not (tmp_path / "c.png").exists()


@pytest.mark.parametrize("method", [Refuted(2.0, 0.05), Halving(2.0, 0.05)])
def test_a_refuted_file_larger_than_memory_is_treated_like_others(tmp_path, monkeypatch, method):
    """Both tries and what is left as it is: same pixels, same words, and no part of what was refuted."""
    waves = np.sin(np.arange(96) / 9)
    pixels = (128 + 60 * waves[:, None] + 60 * waves[None, :80]).astype(np.uint8)
    write_tiff(tmp_path / "a.tif", pixels)
    expected = Restorer(method).restore_file(tmp_path / "a.tif", tmp_path / "small.tif")
    monkeypatch.setattr(sources, "LARGE_VALUES", 1000)

    found = Restorer(method).restore_file(tmp_path / "a.tif", tmp_path / "large.tif")

    assert np.array_equal(read_image(tmp_path / "large.tif").pixels, read_image(tmp_path / "small.tif").pixels)
    assert (repr(found), found.reason, found.sigmas) == (repr(expected), expected.reason, expected.sigmas)
    assert found.refuted_sigma == expected.refuted_sigma
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a.tif", "large.tif", "small.tif"]


def test_of_a_refuted_file_larger_than_memory_strict_leaves_nothing(tmp_path, monkeypatch):
    write_tiff(tmp_path / "a.tif", PIXELS)
    monkeypatch.setattr(sources, "LARGE_VALUES", 1000)

    with pytest.raises(ImageError, match="got the blur is probably of another kind"):
        Restorer(Refuted(2.0, 0.05), strict=True).restore_file(tmp_path / "a.tif", tmp_path / "b.tif")

    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def test_the_widths_over_an_image_are_figures_that_a_manifest_keeps():
    found = field_figures(Restorer(Voting(2.0, 0.05))(PIXELS).defocus, (96, 80))

    assert json.loads(json.dumps(found)) == found
    assert (found["shape"], found["image"]) == ("constant", [96, 80])
    assert [row[:2] for row in found["windows"]] == [[16, 16], [16, 48], [48, 16], [48, 48]]
    np.testing.assert_allclose(found["widths"], 2.0, rtol=1e-3)
    assert field_figures(Restorer(Voting(2.0, 0.05), kernel="gaussian:2")(PIXELS).defocus, (96, 80)) is None
