"""The plug-in in a viewer of napari, without a screen; run by `make test-napari`, which fails where it is missing."""

import os

import numpy as np
import pytest

if not os.environ.get("PINSHARP_TEST_NAPARI"):
    pytest.skip("needs napari with Qt: make test-napari", allow_module_level=True)

from pathlib import Path

import napari
from npe2 import PluginManifest
from qtpy.QtWidgets import QFileDialog

import pinsharp
from pinsharp.blur.profile_json import read_profile
from pinsharp.napari_plugin.commands import measure_layer, restore_layer
from pinsharp.napari_plugin.layers import KEY
from pinsharp.napari_plugin.panel import Panel
from pinsharp.restoration.restorer import Restorer
from slanted_edges import edge, gaussian
from strategies import random_image

pytestmark = pytest.mark.filterwarnings("default")  # napari's own are not ours
MANIFEST = Path(pinsharp.__file__).parent / "napari_plugin" / "napari.json"
WAIT_MS = 60_000


@pytest.fixture
def plugin(npe2pm):
    with npe2pm.tmp_plugin(manifest=PluginManifest.from_file(MANIFEST)) as found:
        yield found


@pytest.fixture
def viewer(make_napari_viewer, plugin):
    return make_napari_viewer()


@pytest.fixture
def panel(viewer):
    _, panel = viewer.window.add_plugin_dock_widget("pinsharp", "pinsharp")
    assert isinstance(panel, Panel)
    panel.model.value, panel.kernel.value = "wiener", "gaussian:1.4"
    return panel


def run(panel, button, qtbot):
    """Press a button, and wait until its work has ended."""
    button.changed.emit(True)
    if panel.worker is not None:
        qtbot.waitUntil(lambda: button.enabled, timeout=WAIT_MS)


def test_the_panel_restores_a_stack_plane_by_plane(panel, viewer, qtbot):
    stack = random_image((3, 40, 48), "uint16", 0)
    viewer.add_image(stack, name="cells", scale=(2, 0.5, 0.5), translate=(1, 2, 3), colormap="magma")

    run(panel, panel.restore, qtbot)

    made = viewer.layers["cells restored"]
    restorer = Restorer("wiener", kernel="gaussian:1.4")
    np.testing.assert_array_equal(made.data, np.stack([restorer(plane).image for plane in stack]))
    assert (tuple(made.scale), tuple(made.translate), made.colormap.name) == ((2, 0.5, 0.5), (1, 2, 3), "magma")
    assert len(made.metadata[KEY]) == 3
    assert panel.progress.value == 3
    assert "plane 2 of 3: sigma 1.40 px" in panel.said.value  # napari shows the middle one of a stack first


def test_colours_stay_colours(panel, viewer, qtbot):
    viewer.add_image(random_image((40, 48, 3), "uint8", 0), name="photo")

    run(panel, panel.restore, qtbot)

    assert viewer.layers["photo restored"].rgb
    assert viewer.layers["photo restored"].data.shape == (40, 48, 3)


def test_the_panel_measures_into_the_metadata(panel, viewer, qtbot):
    panel.model.value, panel.kernel.value = "swift", ""
    layer = viewer.add_image(random_image((64, 64), "uint8", 0))

    run(panel, panel.measure, qtbot)

    assert [found["verdict"] for found in layer.metadata[KEY]] == ["no-texture"]
    assert "no-texture" in panel.said.value


def test_cancelling_adds_nothing(panel, viewer, qtbot):
    viewer.add_image(random_image((40, 128, 128), "uint8", 0))
    panel.restore.changed.emit(True)
    qtbot.waitUntil(lambda: panel.progress.value >= 1, timeout=WAIT_MS)

    panel.cancel.changed.emit(True)
    qtbot.waitUntil(lambda: panel.restore.enabled, timeout=WAIT_MS)

    assert len(viewer.layers) == 1
    assert "cancelled" in panel.said.value


def test_what_goes_wrong_is_said_in_the_panel(panel, viewer, qtbot):
    run(panel, panel.restore, qtbot)
    assert "expected an image layer" in panel.said.value
    viewer.add_image(np.zeros((40, 48)), name="floats")

    run(panel, panel.restore, qtbot)

    assert "got float64" in panel.said.value


def test_a_drawn_box_becomes_a_profile(panel, viewer, qtbot, tmp_path, monkeypatch):
    target = tmp_path / "camera"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), "*.json"))
    panel.light.value, panel.kernel.value, panel.model.value = "linear", "auto", "swift"
    viewer.add_image(np.rint(edge(gaussian, 1.5, 6) * 65535).astype(np.uint16), scale=(0.5, 0.5), translate=(9, 9))
    box = 9 + 0.5 * np.array([(5, 5), (5, 74), (104, 74), (104, 5)])
    viewer.add_shapes([box], shape_type="rectangle")

    run(panel, panel.create, qtbot)

    assert read_profile(target.with_suffix(".json")).own_softness.sigma == pytest.approx(1.5, rel=0.06)


@pytest.mark.parametrize("command", [restore_layer, measure_layer])
def test_menu_commands_work_by_themselves(viewer, plugin, qtbot, command):
    """Their arguments are those that napari gives: the viewer, by its type."""
    from napari._app_model import get_app_model

    layer = viewer.add_image(random_image((64, 64), "uint8", 0), name="noise")
    name = {"restore_layer": "pinsharp.restore", "measure_layer": "pinsharp.measure"}[command.__name__]

    get_app_model().commands.execute_command(name)

    qtbot.waitUntil(lambda: "noise restored" in viewer.layers or KEY in layer.metadata, timeout=WAIT_MS)


def test_napari_takes_the_manifest():
    found = PluginManifest.from_file(MANIFEST)

    assert [widget.display_name for widget in found.contributions.widgets] == ["pinsharp"]
    assert napari.__version__
