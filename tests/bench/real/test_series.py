"""Focus series: which folders are some, and how widths go with the level."""

import numpy as np
import pytest

from pinsharp.bench.real.series import falls, find_all_series, scatter
from pinsharp.errors import ConfigError
from pinsharp.images.files import write_image


def put_series(folder, levels=(0, 1)):
    folder.mkdir(parents=True)
    for level in levels:
        write_image(folder / f"{level}.png", np.zeros((4, 4), np.uint8))
    return folder


def test_series_are_found_in_order_one_by_one_and_in_a_folder_of_them(tmp_path):
    parent = put_series(tmp_path / "all" / "b").parent
    put_series(parent / "a", (2, 1))
    alone = put_series(tmp_path / "alone")

    found, left_out = find_all_series([alone, parent])

    assert [(each.name, each.reference.number) for each in found] == [("alone", 0), ("a", 1), ("b", 0)]
    assert left_out == []


def test_what_is_no_series_beside_others_is_left_out_with_its_reason(tmp_path):
    put_series(tmp_path / "good")
    put_series(tmp_path / "edges", ("left", "right"))

    found, left_out = find_all_series([tmp_path])

    assert [each.name for each in found] == ["good"]
    assert len(left_out) == 1
    assert "edges: expected images named by their focus level" in left_out[0]


def test_what_was_named_itself_has_to_be_a_series(tmp_path):
    put_series(tmp_path / "good")
    edges = put_series(tmp_path / "edges", ("left", "right"))

    with pytest.raises(ConfigError, match="named by their focus level"):
        find_all_series([tmp_path / "good", edges])
    with pytest.raises(ConfigError, match=r"got none; .*named by their focus level"):
        find_all_series([put_series(tmp_path / "deep" / "edges", ("left",)).parent])


def test_two_series_of_one_name_are_refused_and_one_named_twice_is_one(tmp_path):
    one, two = put_series(tmp_path / "x" / "chart"), put_series(tmp_path / "y" / "chart")

    assert len(find_all_series([one, one])[0]) == 1
    with pytest.raises(ConfigError, match="two called chart; rename a folder"):
        find_all_series([one, two])


def test_the_width_is_followed_outwards_on_each_side():
    levels = [0, 1, -1, 2, -2]

    assert falls(levels, [1.0, 2.0, 0.5, 3.0, 2.0]) == [(0, -1)]
    assert falls(levels, [1.0, 2.0, 2.0, 2.0, 3.0]) == [(1, 2)]
    assert falls(levels, [1.0, None, 2.0, 3.0, 3.0]) == []


def test_scatter_is_how_far_a_width_is_from_what_its_neighbours_say():
    levels = [0, 1, 2, 4]

    assert scatter(levels, [1.0, 2.0, 4.0, 16.0]) == pytest.approx(0)  # doubles with every step
    assert scatter([0, 1, 2], [1.0, 2.2, 4.0]) == pytest.approx(np.log(1.1))
    assert scatter([0, 1, -1], [1.0, 2.0, 2.0]) is None  # none has a neighbour on both sides
