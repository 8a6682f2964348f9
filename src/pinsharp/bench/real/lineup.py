"""What restores every level: the methods that were asked for, and Richardson-Lucy to measure them by."""

from collections.abc import Callable, Sequence

from pinsharp.bench.engine.methods import BLURRED, FITTED_KERNEL, Attempt, attempts, describe
from pinsharp.bench.real.records import RICHARDSON_LUCY
from pinsharp.methods.method import takes_kernel
from pinsharp.restoration.restorer import Restorer


def lineup(
    names: Sequence[str], passes: Sequence[int], load: Callable[[str], Restorer], *, fitted: bool
) -> list[Attempt]:
    """Make the rows: the image as it was taken, all methods, then those that are given the fitted kernel.

    Fifteen iterations of Richardson-Lucy are always there, blind (with the width that the shipped `swift` measures) and
    with the fitted kernel.

    Args:
        names: Methods as `attempts` takes them.
        passes: How many times each restores; Richardson-Lucy, unless it was asked for, and whatever is given a kernel
            restore once.
        load: Makes a restorer of a method's name.
        fitted: Also give each method that takes a kernel the fitted one.

    Raises:
        ConfigError: As `attempts`.
        PinsharpError: If a method is unknown or its weights are not there.
    """
    rows = attempts(names, passes, load, always=BLURRED)
    if all(each.row != RICHARDSON_LUCY for each in rows):
        rows += attempts([RICHARDSON_LUCY], [1], load, always=BLURRED)[1:]
    informed = [
        Attempt(
            each.row + FITTED_KERNEL,
            1,
            each.restorer,
            describe(each.about["method"], each.restorer.method, informed=True),
        )
        for each in {each.row: each for each in rows}.values()
        if each.restorer is not None and (fitted or each.row == RICHARDSON_LUCY) and takes_kernel(each.restorer.method)
    ]
    return rows + informed
