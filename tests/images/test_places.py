"""Names of images: files, folders that are one, and arrays in either."""

from pathlib import Path

import pytest

from pinsharp.images.places import Place, place_of, result_path, same_place, shown_name


@pytest.mark.parametrize(
    "name, path, inside",
    [
        ("a.png", "a.png", ""),
        ("in/a.h5", "in/a.h5", ""),
        ("in/a.h5::/entry/data", "in/a.h5", "entry/data"),
        ("in/a.HDF5::entry", "in/a.HDF5", "entry"),
        ("a.ome.zarr::/0", "a.ome.zarr", "0"),
        ("a.zarr::", "a.zarr", ""),
        ("odd::name.png", "odd::name.png", ""),
        ("odd::name.h5::/a", "odd::name.h5::/a", ""),
    ],
)
def test_only_names_of_containers_have_an_inside(name, path, inside):
    place = place_of(Path(name))

    assert (place.path, place.inside) == (Path(path), inside)
    assert place_of(str(place)) == place


@pytest.mark.parametrize(
    "target, source, expected",
    [
        ("out.h5", "a.h5::/x/y", "out.h5::/x/y"),
        ("out.h5::/z", "a.h5::/x/y", "out.h5::/z"),
        ("out.zarr", "a.zarr::/1", "out.zarr"),
        ("out.zarr::/2", "a.zarr::/1", "out.zarr::/2"),
        ("out.tif", "a.h5::/x", "out.tif"),
        ("out.tif", "a.tif", "out.tif"),
    ],
)
def test_a_dataset_keeps_its_path_unless_another_is_said(target, source, expected):
    assert str(result_path(target, source)) == expected


def test_two_arrays_of_a_file_are_of_one_file(tmp_path):
    (tmp_path / "a.h5").touch()
    (tmp_path / "link.h5").symlink_to(tmp_path / "a.h5")

    assert same_place(f"{tmp_path}/a.h5::/x", f"{tmp_path}/link.h5::/y")
    assert not same_place(f"{tmp_path}/a.h5::/x", f"{tmp_path}/b.h5::/x")


def test_a_name_is_shown_without_the_folders_around_it():
    assert shown_name("/far/away/a.h5::/x/y") == "a.h5::/x/y"
    assert shown_name("/far/away/a.png") == "a.png"
    assert str(Place(Path("a.h5"))) == "a.h5"
