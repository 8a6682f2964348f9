"""One exception family: whatever a user can cause and correct.

    PinsharpError
    ├── ImageError      an image that cannot be read or used
    ├── KernelError     a kernel that is not a defocus kernel
    ├── WeightsError    a weights file that is wrong, truncated or foreign
    ├── ConfigError     a setting that contradicts another or is out of range
    ├── OutputError     a result that cannot be written
    │   └── FormatError     because the format of its file cannot hold it
    └── MissingExtra    a part of pinsharp that was not installed

Each message says what was expected, what came and what to do. The command line prints it on one line and exits 2.
"""


class PinsharpError(Exception):
    """Base of all errors that a user can cause and correct."""


class ImageError(PinsharpError):
    """An image that cannot be read or used."""


class KernelError(PinsharpError):
    """A kernel that is not a defocus kernel: even side, negative, not finite, no mass."""


class WeightsError(PinsharpError):
    """A weights file that is missing, truncated, changed or written by something else."""


class ConfigError(PinsharpError):
    """A setting that is unknown, out of range or contradicts another one."""


class OutputError(PinsharpError):
    """A result that cannot be written where it was asked for."""


class FormatError(OutputError):
    """A result that the format of its file cannot hold, such as 16 bits in a JPEG."""


class MissingExtra(PinsharpError):
    """An optional part of pinsharp that is not installed."""
