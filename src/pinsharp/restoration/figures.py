"""What was measured of a blur, as plain values for JSON."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pinsharp.blur.field import BlurField

COLOURS = ("red", "green", "blue")


def measured_figures(found: "BlurField") -> dict[str, Any]:
    """A blur with its verdict; lengths in pixels, noise in units of full scale."""
    return {
        "sigma": found.sigma,
        "sigma_relative_std": found.sigma_relative_std,
        "uncertain": found.is_uncertain,
        "verdict": found.verdict,
        "reason": found.finding.reason if found.finding else "",
        "interval": found.interval,
        "agreement": found.finding.agreement if found.finding else None,
        "shape": found.finding.field.shape if found.finding else None,
        "astigmatism": found.astigmatism.figures if found.astigmatism else None,
        "colour_widths": found.colour_widths.figures if found.colour_widths else None,
        "family": found.family,
        "disk_share": found.disk_fraction,
        "disk_radius": found.disk_radius,
        "noise": found.noise_level,
        "continuation": found.continuation,
        "kernel_size": found.kernel.shape[-1],
    }


def channel_figures(channels: "Sequence[BlurField]") -> dict[str, Any]:
    """The blurs of red, green and blue."""
    keys = ("sigma", "sigma_relative_std", "verdict", "interval")
    return {name: {key: getattr(each, key) for key in keys} for name, each in zip(COLOURS, channels, strict=True)}
