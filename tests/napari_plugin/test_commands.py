"""What the menus call, with a viewer that is none: what is chosen, what is added, what is said."""

import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from fake_viewer import Image, Shapes, Worker, viewer_of
from pinsharp.blur.profile_json import read_profile
from pinsharp.napari_plugin import commands
from pinsharp.napari_plugin.commands import to_measure, to_profile, to_restore
from pinsharp.napari_plugin.layers import KEY, Settings
from slanted_edges import edge, gaussian
from strategies import random_image

WIENER = Settings(model="wiener", kernel="gaussian:1.4")


@pytest.fixture(autouse=True)
def workers(monkeypatch):
    """Work that is done at once; how it is made can be changed."""
    threading = SimpleNamespace(create_worker=Worker)
    for name in ("napari", "napari.qt", "napari.qt.threading", "napari.utils", "napari.utils.notifications"):
        monkeypatch.setitem(sys.modules, name, SimpleNamespace())
    monkeypatch.setitem(sys.modules, "napari.qt.threading", threading)
    return threading


@pytest.fixture
def said():
    return []


def test_a_restored_stack_is_placed_and_named_as_its_layer(said):
    layer = Image(random_image((3, 20, 24), "uint16", 0), name="cells", step=0.3, origin=5.0, metadata={"mine": 1})
    viewer = viewer_of(layer, step=(1, 0, 0))
    worker = to_restore(viewer, WIENER, said.append)

    worker.start()

    made = viewer.layers[-1]
    assert worker.progress == {"total": 3, "desc": "restore cells"}
    assert (made.name, made.step, made.origin, made.metadata["mine"]) == ("cells restored", 0.3, 5.0, 1)
    assert len(made.metadata[KEY]) == 3
    assert KEY not in layer.metadata
    assert said[-1].startswith("plane 2 of 3: sigma 1.40 px, given")


def test_what_was_measured_is_kept_with_the_layer(said):
    layer = Image(random_image((64, 64), "uint8", 0), metadata={"mine": 1})

    to_measure(viewer_of(layer), Settings(), said.append).start()

    assert layer.metadata["mine"] == 1
    assert [each["verdict"] for each in layer.metadata[KEY]] == ["no-texture"]
    assert "no-texture: " in said[-1]


def test_a_cancelled_restoration_changes_nothing(workers, said):
    workers.create_worker = partial(Worker, stop_after=2)
    layer = Image(random_image((3, 20, 24), "uint8", 0))
    viewer = viewer_of(layer)

    to_restore(viewer, WIENER, said.append).start()

    assert list(viewer.layers) == [layer]
    assert said == ["restore image: cancelled, nothing was changed"]


def test_an_error_is_one_sentence(said):
    layer = Image(np.zeros((20, 24), np.float64), name="floats")

    to_restore(viewer_of(layer), WIENER, said.append).start()

    assert len(said) == 1
    assert said[0].startswith("floats: expected uint8, uint16 or float32 pixels, got float64")


@pytest.mark.parametrize("command", [to_restore, to_measure])
def test_without_an_image_nothing_is_started(command, said):
    assert command(viewer_of(Shapes()), WIENER, said.append) is None
    assert said == ["expected an image layer, got none; open an image"]


def test_the_chosen_layer_goes_before_the_uppermost():
    below, above = Image(np.zeros((8, 8))), Image(np.ones((8, 8)))
    viewer = viewer_of(below, above, Shapes())

    assert commands.current_image(viewer) is above
    viewer.layers.selection.active = below
    assert commands.current_image(viewer) is below
    viewer.layers.selection.active = None
    above.visible = False
    assert commands.current_image(viewer) is below


def test_a_profile_is_written_of_the_box_in_the_worlds_coordinates(tmp_path, said):
    pixels = np.rint(edge(gaussian, 1.5, 6) * 65535).astype(np.uint16)
    layer = Image(np.stack([np.zeros_like(pixels), pixels]), step=0.5, origin=100.0)
    box = 100 + 0.5 * np.array([(5, 5), (5, 74), (104, 74), (104, 5)])
    viewer = viewer_of(layer, Shapes([(0, 0), (1, 1)], box, selected=[1]), step=(1, 0, 0))

    to_profile(viewer, tmp_path / "camera.json", Settings(light="linear"), said.append).start()

    assert read_profile(tmp_path / "camera.json").own_softness.sigma == pytest.approx(1.5, rel=0.06)
    assert "own softness 1.5" in said[-1]


def test_profiles_that_cannot_be_made_say_why(tmp_path, said):
    flat = Image(np.full((60, 60), 90, np.uint8))
    box = [(5, 5), (5, 50), (50, 50), (50, 5)]

    assert to_profile(viewer_of(flat), tmp_path / "a.json", Settings(), said.append) is None
    assert to_profile(viewer_of(flat, Shapes()), tmp_path / "a.json", Settings(), said.append) is None
    to_profile(viewer_of(flat, Shapes(box)), tmp_path / "a.json", Settings(), said.append).start()
    to_profile(
        viewer_of(Image(np.rint(edge(gaussian, 1.5, 6) * 255).astype(np.uint8)), Shapes(box)),
        tmp_path / "a.json" / "b.json",
        Settings(),
        said.append,
    )

    assert ["draw" in sentence or "edge" in sentence for sentence in said] == [True, True, True]
    assert list(tmp_path.iterdir()) == []
