"""Checks that the settings of several networks share."""

from collections.abc import Sequence
from typing import Any

from pinsharp.errors import ConfigError


def check_at_least(config: Any, **minima: int) -> None:
    """Check numbers among the settings of a net, such as `check_at_least(config, width=1, blocks=0)`.

    Raises:
        ConfigError: If a number is below its minimum; the message names it.
    """
    for name, minimum in minima.items():
        value = getattr(config, name)
        if value < minimum:
            raise ConfigError(f"{name} must be at least {minimum}, got {value}")


def check_levels(encoder_blocks: Sequence[int], decoder_blocks: Sequence[int]) -> None:
    """Check the blocks of a U-shaped net, by level.

    Raises:
        ConfigError: If the two name different numbers of levels, or a number is negative.
    """
    if len(encoder_blocks) != len(decoder_blocks):
        raise ConfigError(
            "encoder_blocks and decoder_blocks must name as many levels, "
            f"got {len(encoder_blocks)} and {len(decoder_blocks)}"
        )
    if any(blocks < 0 for blocks in (*encoder_blocks, *decoder_blocks)):
        raise ConfigError("encoder_blocks and decoder_blocks must not be negative")
