"""All situations by name, in the order of tables; a new one is a function beside its like and a line in its list."""

import difflib
from collections.abc import Sequence

from pinsharp.bench.robust.blurs import BLURS
from pinsharp.bench.robust.case import Situation
from pinsharp.bench.robust.faults import FAULTS
from pinsharp.bench.robust.patterns import SCENES
from pinsharp.bench.robust.processing import PROCESSING
from pinsharp.bench.robust.values import VALUES
from pinsharp.data.cameras.lens import Lens
from pinsharp.errors import ConfigError

SITUATIONS: dict[str, Situation] = {each.name: each for each in (*VALUES, *FAULTS, *PROCESSING, *SCENES, *BLURS)}
"""What occurs in practice."""

DEFOCUS: dict[str, Lens] = {
    "gaussian:1.2": Lens(sigma=1.2),
    "disk:3": Lens(radius=3.0),
    "gaussian:2.5": Lens(sigma=2.5),
}
"""Blurs of all situations that have none of their own."""

OWN = "own"
"""What stands for the blur of those that have."""


def chosen(names: Sequence[str]) -> list[Situation]:
    """Situations of these names, in the order of the catalogue; all of them if none is named.

    Raises:
        ConfigError: If a name is unknown; the message names the closest.
    """
    for name in names:
        if name not in SITUATIONS:
            close = difflib.get_close_matches(name, SITUATIONS, n=1)
            advice = f"did you mean {close[0]!r}?" if close else "leave the option out for all"
            raise ConfigError(f"expected situations among {', '.join(SITUATIONS)}, got {name!r}; {advice}")
    return [each for name, each in SITUATIONS.items() if not names or name in names]


def blurs_of(situation: Situation) -> dict[str, Lens]:
    """Blurs that a situation is made with."""
    return {OWN: Lens()} if situation.has_own_blur else DEFOCUS
