"""Files of several planes: every plane comes back, with the tags of its page, as tifffile reads them."""

import numpy as np
import pytest
import tifffile

from pinsharp.errors import FormatError, ImageError
from pinsharp.images.files import read_image
from pinsharp.images.stack import is_stack, read_stack, write_stack
from strategies import random_image

STACK = random_image((6, 17, 23), "uint16", 0)
OME = {"axes": "ZCYX", "PhysicalSizeX": 0.1, "Channel": {"Name": ["a", "b", "c"]}}
IMAGEJ = {"axes": "ZCYX", "unit": "um", "Labels": list("abcdef")}
KINDS = {
    "pages": (STACK, {"metadata": None, "resolution": (5000, 5000), "resolutionunit": "CENTIMETER"}),
    "big-endian tiles": (STACK, {"metadata": None, "byteorder": ">", "tile": (16, 16), "compression": "zlib"}),
    "packed": (STACK >> 4, {"metadata": None, "bitspersample": 12}),
    "doubles": (STACK / 65535, {"metadata": None}),
    "colour": (random_image((3, 17, 23, 3), "uint8", 0), {"metadata": None, "photometric": "rgb"}),
    "shaped": (STACK.reshape(2, 3, 17, 23), {"photometric": "minisblack"}),
    "OME": (STACK.reshape(2, 3, 17, 23), {"ome": True, "metadata": OME}),
    "ImageJ": (STACK.reshape(3, 2, 17, 23), {"imagej": True, "resolution": (2.5, 2.5), "metadata": IMAGEJ}),
}


def write(path, name):
    values, options = KINDS[name]
    tifffile.imwrite(path, values, **options)
    return values


def facts(path):
    """What another reader finds: what the file says, and its pixels."""
    with tifffile.TiffFile(path) as file:
        series, page = file.series[0], file.pages[0]
        said = {name: getattr(page, name) for name in ("description", "resolution", "resolutionunit", "bitspersample")}
        said |= {name: getattr(file, name) for name in ("ome_metadata", "imagej_metadata", "byteorder")}
        said |= {"axes": series.axes, "kind": series.kind, "dtype": page.dtype, "tile": page.tile}
        return said, series.asarray()


@pytest.mark.parametrize("name", KINDS)
def test_planes_come_back_with_all_that_is_said_of_them(tmp_path, name):
    values = write(tmp_path / "a.tif", name)

    stack = read_stack(tmp_path / "a.tif")
    write_stack(tmp_path / "b.tif", [plane.pixels for plane in stack.planes], like=stack)

    (before, pixels), (after, again) = facts(tmp_path / "a.tif"), facts(tmp_path / "b.tif")
    assert is_stack(tmp_path / "a.tif")
    assert str(after) == str(before)
    np.testing.assert_array_equal(pixels, values)
    np.testing.assert_allclose(again, values, rtol=1e-7)


def test_planes_of_imagej_lie_one_behind_the_other(tmp_path):
    """ImageJ reads them so, whatever the pages of the file say."""
    values = write(tmp_path / "a.tif", "ImageJ")

    stack = read_stack(tmp_path / "a.tif")
    write_stack(tmp_path / "b.tif", [plane.pixels for plane in stack.planes], like=stack)

    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        begin, dtype = file.pages[0].dataoffsets[0], np.dtype(f"{file.byteorder}u2")
    found = np.frombuffer((tmp_path / "b.tif").read_bytes(), dtype, values.size, begin)
    np.testing.assert_array_equal(found.reshape(values.shape), values)


@pytest.mark.parametrize("name, channels", [("OME", [0, 1, 2] * 2), ("ImageJ", [0, 1] * 3), ("pages", [0] * 6)])
def test_channels_are_those_of_the_axes(tmp_path, name, channels):
    write(tmp_path / "a.tif", name)

    assert read_stack(tmp_path / "a.tif").channels == tuple(channels)


def test_channels_follow_the_order_of_the_pages_in_the_file(tmp_path):
    tifffile.imwrite(tmp_path / "a.ome.tif", STACK.reshape(2, 3, 17, 23), metadata={"axes": "CZYX"})

    assert read_stack(tmp_path / "a.ome.tif").channels == (0, 0, 0, 1, 1, 1)


def test_changed_planes_take_their_own_places(tmp_path):
    write(tmp_path / "a.tif", "ImageJ")
    stack = read_stack(tmp_path / "a.tif")
    changed = [plane.pixels // (number + 1) for number, plane in enumerate(stack.planes)]

    write_stack(tmp_path / "b.tif", changed, like=stack)

    np.testing.assert_array_equal(tifffile.imread(tmp_path / "b.tif").reshape(STACK.shape), changed)


def test_thumbnails_are_no_planes(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for plane in STACK[:2]:
            writer.write(plane, metadata=None)
            writer.write(plane[::4, ::4], subfiletype=1, metadata=None)

    planes = read_stack(tmp_path / "a.tif").planes

    assert len(planes) == 2
    assert {plane.tags.dropped for plane in planes} == {"2 further pages (thumbnails, overviews, masks)"}


def test_a_file_that_its_ome_xml_names_is_named_anew(tmp_path):
    write(tmp_path / "a.tif", "OME")
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        text = file.ome_metadata
    unnamed = '<TiffData IFD="0" PlaneCount="6"/>'
    named = f'{unnamed[:-2]}><UUID FileName="a.tif">urn:uuid:1</UUID></TiffData>'
    assert unnamed in text
    tifffile.tiffcomment(tmp_path / "a.tif", text.replace(unnamed, named).encode())
    stack = read_stack(tmp_path / "a.tif")

    write_stack(tmp_path / "longer-b.tif", [plane.pixels for plane in stack.planes], like=stack)

    with tifffile.TiffFile(tmp_path / "longer-b.tif") as file:
        assert 'FileName="longer-b.tif"' in file.pages[0].description
        assert file.pages[0].description.endswith("</OME>")


def test_what_is_wrong_is_one_sentence(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(STACK[0], metadata=None)
        writer.write(STACK[1, :5], metadata=None)
    write(tmp_path / "c.tif", "pages")
    data = (tmp_path / "c.tif").read_bytes()

    with pytest.raises(ImageError, match="planes of one size and type, got 2 kinds"):
        read_stack(tmp_path / "a.tif")
    for length in (len(data) // 3, len(data) // 2, len(data) - 500):
        (tmp_path / "b.tif").write_bytes(data[:length])
        for read in (read_stack, read_image):
            with pytest.raises(ImageError, match=r"truncated or damaged|a TIFF of"):
                read(tmp_path / "b.tif")
    with pytest.raises(ImageError, match="--planes one, each or channel"):
        read_image(tmp_path / "c.tif")
    with pytest.raises(FormatError, match=r"ends in \.tif or \.tiff for several planes, got '\.png'"):
        write_stack(tmp_path / "c.png", [], like=read_stack(tmp_path / "c.tif"))
