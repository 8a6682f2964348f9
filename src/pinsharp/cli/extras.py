"""Optional libraries that are not installed: one sentence with the command that installs them."""

import importlib.util

from pinsharp.errors import MissingExtra


def need(module: str, *, extra: str) -> None:
    """Refuse to go on without an optional library.

    Raises:
        MissingExtra: If the library is not installed; with the command that installs it.
    """
    if importlib.util.find_spec(module) is None:
        raise MissingExtra(f"this command needs {module}, which is not installed; run: pip install 'pinsharp[{extra}]'")
