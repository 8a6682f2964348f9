"""DICOM frames are read with the white level of their bits; without pydicom one sentence says what to install."""

import sys

import numpy as np
import pytest

from pinsharp.errors import FormatError, ImageError, MissingExtra
from pinsharp.images.files import read_image, write_image
from strategies import random_image

FORM = bytes(128) + b"DICM" + bytes(40)


@pytest.fixture
def write(tmp_path):
    """Write a file with pydicom and return its path."""
    pydicom = pytest.importorskip("pydicom")
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    def make(pixels, bits, colours="MONOCHROME2", **more):
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
        meta.MediaStorageSOPInstanceUID = generate_uid()
        said = pydicom.Dataset()
        said.file_meta = meta
        said.SOPClassUID, said.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
        said.Rows, said.Columns = pixels.shape[:2]
        said.SamplesPerPixel = 3 if pixels.ndim == 3 else 1
        said.PlanarConfiguration = 0
        said.PhotometricInterpretation = colours
        said.BitsAllocated, said.BitsStored, said.HighBit = 8 * pixels.dtype.itemsize, bits, bits - 1
        said.PixelRepresentation = 0
        said.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
        for name, value in more.items():
            setattr(said, name, value)
        said.save_as(tmp_path / "a.dcm", enforce_file_format=True)
        return tmp_path / "a.dcm"

    return make


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("colours, shape", [("MONOCHROME2", (9, 7)), ("MONOCHROME1", (9, 7)), ("RGB", (9, 7, 3))])
def test_values_are_counts_and_0_is_black(write, bits, colours, shape):
    stored = random_image(shape, "uint16", 0) >> (16 - bits)
    stored = stored.astype(np.uint8) if bits == 8 else stored

    read = read_image(write(stored, bits, colours))

    assert (read.format, read.pixels.dtype) == ("dicom", stored.dtype)
    assert read.tags.white_level == (None if bits in (8, 16) else 2**bits - 1)
    np.testing.assert_array_equal(read.pixels, 2**bits - 1 - stored if colours == "MONOCHROME1" else stored)


@pytest.mark.parametrize(
    "more, sentence",
    [
        ({"NumberOfFrames": 4}, "a single still image, got a DICOM file of 4"),
        ({"PixelRepresentation": 1}, "12-bit signed integer pixels"),
        ({"PhotometricInterpretation": "YBR_FULL"}, "got YBR_FULL pixels"),
        ({"HighBit": 15}, "expected values in the lowest bits"),
        ({"Rows": 60000, "Columns": 60000}, "at most 1,000,000,000 pixels"),
        ({"Rows": 20}, "truncated or damaged"),
    ],
)
def test_what_cannot_be_restored_is_one_sentence(write, more, sentence):
    with pytest.raises(ImageError, match=sentence):
        read_image(write(random_image((9, 7), "uint16", 0) >> 4, 12, **more))


def test_without_pydicom_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pydicom", None)
    (tmp_path / "a.dcm").write_bytes(FORM)

    with pytest.raises(MissingExtra, match=r"pip install 'pinsharp\[dicom\]'"):
        read_image(tmp_path / "a.dcm")


def test_it_is_not_written(tmp_path):
    with pytest.raises(FormatError, match=r"got DICOM, which is only read; name a \.png or \.tif"):
        write_image(tmp_path / "a.dcm", random_image((9, 7), "uint8", 0))
