"""The room that restores images, callable itself: `pinsharp.restore(array)` calls `restorer.restore(array)`.

Python sets `pinsharp.restore` to this package as soon as anything below it is imported, so a function of that name in
`pinsharp/__init__.py` would vanish from then on. The package is made callable instead.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pinsharp.restore.restorer import Restored


class _CallableRoom(ModuleType):
    def __call__(self, *args: Any, **options: Any) -> "Restored":
        from pinsharp.restore.restorer import restore  # here, so that importing the room does not import torch

        return restore(*args, **options)


sys.modules[__name__].__class__ = _CallableRoom
