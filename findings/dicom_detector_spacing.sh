#!/usr/bin/env bash
# Expected: the spacing that SimpleITK gives for a radiograph is its PixelSpacing, the tag that holds the size of a
#   pixel at the object when the image was calibrated, and only without it the ImagerPixelSpacing of the detector.
# Seen: for CR, DX and mammography PixelSpacing is never looked at. With both tags it is the detector's; with
#   PixelSpacing alone it is 1 mm. Secondary captures, of the same pixels, do get their PixelSpacing.
# Why it matters: sizes and widths of blur in millimetres are too large by the magnification (here 1.4), or ten times,
#   and a focal-spot or motion kernel computed in millimetres is as much too narrow in pixels. Take the tag by
#   GetMetaData("0028|0030"), or by pydicom.
# Versions: SimpleITK 2.5.7, pydicom 3.0.2, numpy 2.4.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  SimpleITK==2.5.7 pydicom==3.0.2 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import numpy as np
import SimpleITK
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CLASSES = {
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "MG": "1.2.840.10008.5.1.4.1.1.1.2",
    "OT": "1.2.840.10008.5.1.4.1.1.7",  # secondary capture
}
OBJECT = {"PixelSpacing": [0.1, 0.1]}  # mm
DETECTOR = {"ImagerPixelSpacing": [0.14, 0.14]}  # mm; the object is magnified by 1.4
CALIBRATED = {"PixelSpacingCalibrationType": "FIDUCIAL"}


def spacing(modality, tags):
    """The size of a pixel in mm that SimpleITK reads from a 12-bit image with these tags."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CLASSES[modality]
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = FileDataset("image.dcm", {}, file_meta=meta, preamble=bytes(128))
    file.SOPClassUID, file.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    file.Modality, file.PhotometricInterpretation = modality, "MONOCHROME2"
    file.Rows, file.Columns, file.SamplesPerPixel, file.PixelRepresentation = 8, 10, 1, 0
    file.BitsAllocated, file.BitsStored, file.HighBit = 16, 12, 11
    for name, value in tags.items():
        setattr(file, name, value)
    file.PixelData = np.arange(80, dtype="<u2").tobytes()
    file.save_as("image.dcm", enforce_file_format=True)
    return SimpleITK.ReadImage("image.dcm").GetSpacing()[0]


print("SimpleITK 2.5.7: mm per pixel with (PixelSpacing 0.1 and ImagerPixelSpacing 0.14, PixelSpacing alone)")
print("expected: (0.1, 0.1)")
seen = {m: (spacing(m, OBJECT | DETECTOR | CALIBRATED), spacing(m, OBJECT)) for m in CLASSES}
for modality, pair in seen.items():
    print(f"seen, {modality}: {pair}")
as_found = seen == {"CR": (0.14, 1.0), "DX": (0.14, 1.0), "MG": (0.14, 1.0), "OT": (0.1, 0.1)}
sys.exit(0 if as_found else "the behaviour has changed")
PYTHON
