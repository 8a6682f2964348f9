"""Optional libraries of this folder: whether they are installed, and how to install them."""

import importlib
import importlib.util
from types import ModuleType

from pinsharp.errors import MissingExtra


def is_there(module: str) -> bool:
    """Whether a library is installed; it is not imported."""
    return importlib.util.find_spec(module) is not None


def library(module: str) -> ModuleType:
    """Import an optional library.

    Raises:
        MissingExtra: If the library is not installed; with the command that installs it.
    """
    if not is_there(module.partition(".")[0]):
        name = module.partition(".")[0]
        raise MissingExtra(f"this needs {name}, which is not installed; run: pip install 'pinsharp[export]'")
    return importlib.import_module(module)
