"""Which processor this is."""

import platform
from collections.abc import Sequence
from pathlib import Path


def processor(fields: Sequence[str] = ("model name",)) -> str:
    """Name the processor.

    Args:
        fields: What /proc/cpuinfo says of it, where there is such a file: `cpu family`, `model` and `stepping` tell
            processors of one name apart.
    """
    info = Path("/proc/cpuinfo")
    said: dict[str, str] = {}
    for line in info.read_text(errors="replace").splitlines() if info.is_file() else ():
        key, _, value = line.partition(":")
        said.setdefault(key.strip(), value.strip())
    return " ".join(said[field] for field in fields if field in said) or platform.processor() or platform.machine()
