"""An image whose windows several actors restore is the image that one machine makes, to the last bit."""

from functools import partial

import numpy as np
import pytest
import tifffile

from fake_errands import load_small
from pinsharp.batch.job import Job
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.cluster import windows
from pinsharp.cluster.actor import Errand, Maker
from pinsharp.images.arrays import to_array
from pinsharp.nets.swift import bank_blocks
from pinsharp.restoration import sources
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.restorer import Restorer
from scenes import smooth_image
from tiffs import write_tiff
from tiny_models import save_tiny_swift

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_tiny_swift(tmp_path_factory.mktemp("models") / "tiny.safetensors")


@pytest.fixture
def small(monkeypatch):
    """Take images of a thousand values for larger than memory here too."""
    monkeypatch.setattr(sources, "LARGE_VALUES", 1000)
    monkeypatch.setattr(bank_blocks, "BLOCK", 80)


def strip(path, shape=(330, 143), channels=3):
    kernel = gaussian_kernel(1.5)
    scene = smooth_image([side + kernel.shape[-1] - 1 for side in shape], channels=channels)
    blurred = Blur(kernel, "valid")(scene.float())
    write_tiff(path, to_array(blurred, np.empty((0, 0, *((channels,) if channels > 1 else ())), "uint16")))
    return path


def actors(recipe, staging, count):
    import ray

    made = [ray.remote(num_cpus=0)(Maker).remote(Errand(partial(load_small, recipe), staging)) for _ in range(count)]
    ray.get([actor.ready.remote() for actor in made])
    return made


@pytest.mark.parametrize("precision, channels, dead", [("bfloat16", 3, 0), ("float32", 1, 1)])
def test_windows_of_several_actors_are_the_image(nodes, small, tmp_path, model, precision, channels, dead):
    """However many of them die; the last bands of the widths vary, so that levels are told too."""
    import ray

    source = strip(tmp_path / "in.tif", channels=channels)
    recipe = Recipe(model=model, precision=precision, window=64, device="cpu")
    alone = Restorer(recipe=recipe)
    alone.restore_file(source, tmp_path / "alone.tif")
    (tmp_path / "staging").mkdir()
    conductor, *helpers = actors(recipe, tmp_path / "staging", 3)
    for helper in helpers[:dead]:
        ray.kill(helper)

    job = Job(source, tmp_path / "together.tif")
    brought = ray.get(conductor.conduct.remote(job, helpers))

    assert brought.error is None
    assert brought.figures["window"] == 64
    np.testing.assert_array_equal(
        tifffile.imread(tmp_path / "staging/together.tif"), tifffile.imread(tmp_path / "alone.tif")
    )


def test_without_any_helper_left_the_conductor_restores_the_rest(nodes, small, tmp_path, model):
    import ray

    source, recipe = strip(tmp_path / "in.tif", (140, 143), 1), Recipe(model=model, precision="float32", window=64)
    Restorer(recipe=recipe).restore_file(source, tmp_path / "alone.tif")
    (helper,) = actors(recipe, None, 1)
    ray.kill(helper)

    windows.conducted(Job(source, tmp_path / "x.tif"), Restorer(recipe=recipe), [helper])(
        Job(source, tmp_path / "together.tif")
    )

    np.testing.assert_array_equal(tifffile.imread(tmp_path / "together.tif"), tifffile.imread(tmp_path / "alone.tif"))


def test_actors_share_the_windows(small, tmp_path, model, monkeypatch):
    """Each makes some bands, and none is made twice."""
    asked = []

    class Helper:
        """In the place of an actor; its answers are there at once."""

        def __init__(self, restorer):
            self.restorer, self.made, self.rows = restorer, None, self

        def remote(self, share, known):
            asked.append((self, share.top))
            self.made = self.made or windows.Rows(share, known, self.restorer)
            return self.made.restored(share)

    import ray

    monkeypatch.setattr(ray, "put", lambda value: value)
    monkeypatch.setattr(ray, "get", lambda value: value)
    source, recipe = strip(tmp_path / "in.tif", channels=1), Recipe(model=model, precision="float32", window=64)
    helpers = [Helper(Restorer(recipe=recipe)) for _ in range(2)]

    windows.conducted(Job(source, source), Restorer(recipe=recipe), helpers)(Job(source, tmp_path / "out.tif"))

    tops = [top for _, top in asked]
    assert tops == sorted(set(tops))
    assert len({id(helper) for helper, _ in asked}) == 2
    Restorer(recipe=recipe).restore_file(source, tmp_path / "alone.tif")
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif"), tifffile.imread(tmp_path / "alone.tif"))
