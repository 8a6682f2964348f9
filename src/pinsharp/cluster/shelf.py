"""Where the inputs and results of a run over many machines lie: each in a folder, or in a store."""

import hashlib
from pathlib import Path

from pinsharp.batch.fingerprint import Fingerprint
from pinsharp.batch.shelf import Folder
from pinsharp.cluster.address import Address
from pinsharp.cluster.store import Store
from pinsharp.errors import PinsharpError


class Shelves:
    """A shelf, as a plan asks it, of results in one folder or store and inputs anywhere."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self._folder = Folder(results)
        self._stores: dict[str, Store] = {}
        self._names: dict[Path, set[str]] = {}

    def sweep(self) -> None:
        """Remove hidden files of a folder; in a store nothing is ever half written."""
        if not isinstance(self.results, Address):
            self._folder.sweep()

    def exists(self, path: Path) -> bool:
        """Whether a result has its name; a folder in a store is listed once."""
        if not isinstance(path, Address):
            return self._folder.exists(path)
        if path.parent not in self._names:
            self._names[path.parent] = self._store(path).names(path.parent)
        return path.name in self._names[path.parent]

    def identity(self, path: Path) -> str | None:
        """What tells a result from others: in a store, the SHA-256 of its content."""
        if not isinstance(path, Address):
            return self._folder.identity(path)
        content = self._store(path).read_if_there(path)
        return None if content is None else hashlib.sha256(content).hexdigest()

    def is_same(self, path: Path, known: Fingerprint) -> bool:
        """Whether an input is the one that was restored: in a store by size and time, or else by its content."""
        if not isinstance(path, Address):
            return self._folder.is_same(path, known)
        try:
            store = self._store(path)
            if store.state(path)[:2] == (known.size, known.mtime_ns):
                return True
            return hashlib.sha256(store.read(path)).hexdigest() == known.sha256
        except PinsharpError:  # trying to restore it says why
            return False

    def _store(self, address: Address) -> Store:
        root = str(address).partition("://")[0]
        if root not in self._stores:
            self._stores[root] = Store(address)
        return self._stores[root]
