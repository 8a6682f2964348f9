"""Records of a few restorations whose averages can be computed by hand."""

import math

from pinsharp.bench.engine.record_file import RecordFile
from pinsharp.bench.engine.records import plain
from pinsharp.bench.quality.records import Measurement

PROTOCOL = {
    "kernels": "gaussian:2:9,gaussian:3:9",
    "kernels_sha256": "",
    "boundary": "reflect",
    "bits": 8,
    "noise_of_255": 0.0,
    "seed": 0,
}
BUDGET = {"crops": 4000, "hours": 0.25, "device": "CPU, 1 threads"}
ABOUT = {"weights_sha256": None, "parameters": None, "budget": None, "kernel_from": "nobody", "precision": None}
NET = ABOUT | {"kernel_from": "itself", "weights_sha256": "aa", "parameters": 1_500_000, "budget": BUDGET}


def measured(row, image, kernel, mse, **figures):
    """A restoration with a given error; its PSNR follows, its SSIM is one minus ten times the error."""
    return Measurement(
        row,
        image,
        kernel,
        sigma=float(kernel.split(":")[1]),
        mse=mse,
        psnr=math.inf if mse == 0 else -10 * math.log10(mse),
        ssim=1 - 10 * mse,
        image_sha256=f"sha of {image}",
        **({"seconds": 0.5} | figures),
    )


def failed(row, image, kernel, reason="no memory"):
    """A restoration that failed."""
    sigma = float(kernel.split(":")[1])
    return Measurement(row, image, kernel, sigma, image_sha256=f"sha of {image}", status="failed", reason=reason)


def write_records(folder, measurements, *, run="one", name="photos", images=2, protocol=PROTOCOL, data="", methods=()):
    """Append a run to the records of a folder; its rows are networks unless `methods` says otherwise."""
    rows = dict.fromkeys(each.row for each in measurements)
    described = {row: NET | {"method": row.partition(",")[0], "informed": "," in row} for row in rows}
    described |= {row: ABOUT | {"method": row, "informed": False} for row in ("blurred", "linear-limit") if row in rows}
    header = {"record": "run", "run": run, "set": name, "data": str(data), "images": images, "protocol": protocol}
    with RecordFile(folder) as file:
        file.append(header | {"methods": described | dict(methods)})
        for each in measurements:
            file.append({"record": "measurement", "run": run, **plain(each)})
    return folder
