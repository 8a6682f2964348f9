"""An image whose windows several actors restore is the image that one machine makes, to the last bit."""

from collections import deque
from functools import partial

import numpy as np
import pytest
import tifffile

from fake_errands import load_small
from pinsharp.batch.interrupts import Stop
from pinsharp.batch.job import Job
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.cluster import windows
from pinsharp.cluster.actor import Errand, Maker
from pinsharp.cluster.pool import Made, Pool
from pinsharp.cluster.size import Size
from pinsharp.images.arrays import to_array
from pinsharp.images.files import write_image
from pinsharp.nets.swift import bank_blocks
from pinsharp.restoration import sources
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.restorer import Restorer
from scenes import smooth_image
from tiffs import write_tiff
from tiny_models import save_tiny_swift


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


@pytest.mark.cluster
def test_windows_of_several_actors_are_the_image(nodes, small, tmp_path, model):
    """However many of them die; without any the conductor restores the rest."""
    import ray

    source = strip(tmp_path / "in.tif")
    recipe = Recipe(model=model, precision="bfloat16", window=64, device="cpu")
    Restorer(recipe=recipe).restore_file(source, tmp_path / "alone.tif")
    alone = tifffile.imread(tmp_path / "alone.tif")
    (tmp_path / "staging").mkdir()
    conductor, *helpers = actors(recipe, tmp_path / "staging", 3)

    for number, dead in enumerate([[], helpers[:1], helpers]):
        for helper in dead:
            ray.kill(helper)
        brought = ray.get(conductor.conduct.remote(Job(source, tmp_path / f"{number}.tif"), helpers))

        assert brought.error is None
        assert brought.figures["window"] == 64
        np.testing.assert_array_equal(tifffile.imread(tmp_path / f"staging/result/{number}.tif"), alone)


@pytest.mark.cluster
def test_a_pool_lets_all_actors_restore_what_is_larger_than_memory(nodes, small, tmp_path, model):
    """After everything else; the conductor is one actor more."""
    source = strip(tmp_path / "in.tif")
    write_image(tmp_path / "in.png", tifffile.imread(strip(tmp_path / "small.tif", (64, 60)))[..., :3])
    recipe = Recipe(model=model, precision="bfloat16", window=64, device="cpu")
    Restorer(recipe=recipe).restore_file(source, tmp_path / "alone.tif")
    (tmp_path / "staging").mkdir()
    errand = Errand(partial(load_small, recipe), tmp_path / "staging", spreads=True)
    jobs = [Job(path, tmp_path / "out" / path.name) for path in (source, tmp_path / "in.png")]
    begun, made = [], []

    with Pool(errand, Size(most=2), Stop(), lambda words: None) as pool:
        for event in pool.events(deque(jobs), begun.append):
            if isinstance(event, Made):
                assert event.brought.error is None
                made.append(event.job.input.name)

    assert made == ["in.png", "in.tif"]
    assert [job.input.name for job in begun].count("in.tif") == 2  # looked at by one, then conducted
    np.testing.assert_array_equal(
        tifffile.imread(tmp_path / "staging/result/in.tif"), tifffile.imread(tmp_path / "alone.tif")
    )


@pytest.mark.parametrize("light, faults", [("linear", "off"), ("srgb", "auto")])
def test_actors_share_the_windows(small, tmp_path, model, monkeypatch, light, faults):
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

    ray = pytest.importorskip("ray")
    monkeypatch.setattr(ray, "put", lambda value: value)
    monkeypatch.setattr(ray, "get", lambda value: value)
    source = strip(tmp_path / "in.tif", channels=1)
    recipe = Recipe(model=model, precision="float32", window=64, light=light, faults=faults)
    helpers = [Helper(Restorer(recipe=recipe)) for _ in range(2)]

    windows.conducted(Job(source, source), Restorer(recipe=recipe), helpers)(Job(source, tmp_path / "out.tif"))

    for helper in helpers:
        helper.made.close()
    tops = [top for _, top in asked]
    assert tops == sorted(set(tops))
    assert len({id(helper) for helper, _ in asked}) == 2
    Restorer(recipe=recipe).restore_file(source, tmp_path / "alone.tif")
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif"), tifffile.imread(tmp_path / "alone.tif"))
