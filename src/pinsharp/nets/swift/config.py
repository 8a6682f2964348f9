"""Settings of `swift`."""

from dataclasses import dataclass

from pinsharp.errors import ConfigError
from pinsharp.nets.checks import check_at_least


@dataclass(frozen=True)
class SwiftConfig:
    """Settings of `swift`."""

    width: int = 64  # channels at half resolution
    deep_width: int = 96  # channels at quarter resolution
    blocks: int = 2  # residual blocks before, and again after, the quarter-resolution part
    deep_blocks: int = 4  # residual blocks at quarter resolution
    # Residual blocks of mono images' own, smaller trunk, after its quarter-resolution part; it has none before. With 0
    # here and in the next, mono images share the trunk of colour images.
    mono_blocks: int = 0
    mono_deep_blocks: int = 0  # its residual blocks at quarter resolution
    # Hidden width of the small net that tells every residual block which blur and noise to undo; 0 leaves it out.
    condition: int = 64
    condition_doubt: bool = False  # tell it too how uncertain the width of a measured kernel is
    most_doubt: float = 0.06  # largest relative standard deviation of the width that a condition states
    # Rings of frequency, from 0 to half a cycle a pixel, by which it and the bank tell noise apart; 0 for white noise
    # of one level.
    noise_rings: int = 0
    # Restore clean images of colour by a restorer of their own, which was trained on such images alone.
    clean: bool = False
    guard: bool = False  # weigh every result against what is safer (`guard`)
    filters: int = 3  # filters in the Wiener bank
    # Radius of these filters in pixels. The inverse of a disc rings far: cut to 40 pixels it lost 2 dB at radius 4
    # against the uncut filter, cut to 96 it loses 0.1 dB there and 0.8 dB at radius 8.
    filter_radius: int = 96
    filter_grid: int = 256  # side of the frequency grid on which they are designed
    kernel_window: int = 128  # side of the windows that the estimator reads, in pixels
    kernel_windows: int = 32  # most windows that it reads of one image
    kernel_directions: int = 0  # directions, an even number, by which it tells spectra apart; 0 for none
    kernel_noise_apart: bool = False  # let a net of its own, which tells no directions apart, measure the noise
    kernel_hidden: int = 192  # width of its hidden layers
    # Let every window vote (`window_net`), instead of reading all of them together (`spectrum_net`).
    kernel_votes: bool = False
    # What the standard deviation of joined votes is multiplied by: set so that intervals cover as much as they say on
    # held-out pairs.
    kernel_widen: float = 1.0
    kernel_size: int = 41  # side of the estimated kernels in pixels, odd

    def __post_init__(self) -> None:
        check_at_least(self, width=1, deep_width=1, filters=1, filter_radius=1, kernel_hidden=1, kernel_window=4)
        check_at_least(self, blocks=0, deep_blocks=0, mono_blocks=0, mono_deep_blocks=0, condition=0, kernel_windows=0)
        check_at_least(self, noise_rings=0)
        least = 2 * self.filter_radius + 1
        if self.filter_grid < least:
            raise ConfigError(f"filter_grid must be at least 2 * filter_radius + 1 = {least}, got {self.filter_grid}")
        if self.kernel_directions < 0 or self.kernel_directions % 2:
            raise ConfigError(f"kernel_directions must be 0 or an even number, got {self.kernel_directions}")
        if self.kernel_size < 1 or self.kernel_size % 2 == 0:
            raise ConfigError(f"kernel_size must be odd so that kernels have a centre, got {self.kernel_size}")
