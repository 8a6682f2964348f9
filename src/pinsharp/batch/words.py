"""Figures and names in words."""

from typing import Protocol


class Width(Protocol):
    """The width of a blur, how sure it is, and its family."""

    @property
    def sigma(self) -> float:
        """In pixels."""

    @property
    def sigma_relative_std(self) -> float | None:
        """Standard deviation as a share of sigma."""

    @property
    def family(self) -> str:
        """Such as `gaussian`."""


def width_in_words(defocus: Width) -> str:
    """Width, its uncertainty and the family of a blur: 'sigma 2.31 px ± 2 %, gaussian'."""
    spread = f" ± {100 * defocus.sigma_relative_std:.2g} %" if defocus.sigma_relative_std is not None else ""
    return f"sigma {defocus.sigma:.2f} px{spread}, {defocus.family}"


def printable(name: str) -> str:
    """A file's name for a picture or a page, with ? for bytes that are no text: file systems allow any."""
    return name.encode("utf-8", "replace").decode("utf-8")
