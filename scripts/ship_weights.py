"""Put a trained model into the package: float16, with its card and the figures that `pinsharp evaluate -o` wrote.

Usage: python scripts/ship_weights.py RUN/model.safetensors NAME [RECORDS.jsonl ...]

The hash of a model covers its weights, not its card: evaluate what was shipped, then ship again with the records.
"""

import json
import sys
from pathlib import Path
from typing import Any

from pinsharp.nets.weights import ZOO, load_weights, save_weights


def figures(path: Path) -> dict[str, Any]:
    """Read protocol and rows of one evaluation."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    header = next(record for record in records if record["record"] == "header")
    kept = ("mean_psnr", "aggregate_psnr", "ssim", "relative_sigma_error", "blind_gap")
    rows = {
        record["name"]: {key: round(record[key], 4) for key in kept if record[key] is not None}
        for record in records
        if record["record"] == "row"
    }
    return {"data": Path(header["data"]).name, "protocol": header["protocol"], "commit": header["commit"], "rows": rows}


def main(source: str, name: str, *records: str) -> None:
    """Ship a model under a name."""
    loaded = load_weights(source)
    ZOO.mkdir(exist_ok=True)
    card = loaded.card | {"name": name, "figures": [figures(Path(path)) for path in records]}
    target = ZOO / f"{name}.safetensors"
    info = save_weights(target, loaded.net, card, half=True)
    size = target.stat().st_size / 2**20
    print(f"{target}: {info.parameters / 1e6:.2f} M parameters, {size:.2f} MiB, {info.sha256}")


if __name__ == "__main__":
    main(*sys.argv[1:])
