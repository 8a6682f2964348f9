"""Tables of widths: stretched over an image like one, and refused where no blur could be so wide."""

import pickle

import numpy as np
import pytest
import torch

from pinsharp.blur.levels import pixel_centres
from pinsharp.blur.widths import Widths
from pinsharp.errors import KernelError


def everywhere(widths, shape):
    return widths.at(pixel_centres(*(slice(0, length) for length in shape)), shape).numpy()


@pytest.mark.parametrize("shape", [(5, 7), (1, 4), (6, 1)])
def test_a_table_of_the_image_s_size_says_the_width_of_every_pixel(shape):
    table = np.random.default_rng(0).uniform(0.5, 3, shape).astype(np.float32)

    np.testing.assert_allclose(everywhere(Widths.of(table), shape), table, rtol=1e-6)


def test_a_small_table_is_stretched_as_images_are():
    table = np.array([[1.0, 3.0, 2.0], [0.5, 2.0, 2.5]], np.float32)

    found = everywhere(Widths.of(table), (8, 12))

    expected = torch.nn.functional.interpolate(torch.from_numpy(table)[None, None], size=(8, 12), mode="bilinear")
    np.testing.assert_allclose(found, expected[0, 0], rtol=1e-6)


def test_widths_go_to_other_processes_and_are_compared_by_value():
    first, second = Widths.of([[1, 2]]), Widths.of(np.array([[1.0, 2.0]]))

    assert pickle.loads(pickle.dumps(first)) == second
    assert hash(first) == hash(second)
    assert first != Widths.of([[1], [2]])


@pytest.mark.parametrize(
    "table, reason",
    [
        ("words", "must be a table of widths in pixels"),
        ([[1.0], [1.0, 2.0]], "must be a table of widths in pixels"),
        ([1.0, 2.0], r"must have shape \(rows, columns\), got \(2,\)"),
        (np.ones((2, 2, 1)), r"got \(2, 2, 1\)"),
        (np.ones((0, 3)), r"got \(0, 3\)"),
        ([[1.0, 0.0]], "must hold positive widths in pixels, got 0"),
        ([[1.0, -2.0]], "got -2"),
        ([[1.0, np.nan]], "got nan"),
        (np.ma.masked_array([[1.0, 2.0]], [[True, False]]), "must be a table of widths in pixels"),
    ],
)
def test_what_is_no_table_of_widths_is_refused(table, reason):
    with pytest.raises(KernelError, match=reason):
        Widths.of(table)


def test_a_file_that_holds_none_is_named(tmp_path):
    (tmp_path / "a.npy").write_bytes(b"no array")
    np.save(tmp_path / "b.npy", np.zeros((2, 2)))

    for name, reason in (("no.npy", "field must be auto, off, or"), ("a.npy", "save it by numpy"), ("b.npy", "got 0")):
        with pytest.raises(KernelError, match=rf"{name}.*{reason}|{reason}.*{name}"):
            Widths.load(tmp_path / name)
