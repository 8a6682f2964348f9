"""The settings of a service: where it listens, what it works with, and its limits."""

import math
import os
import sys
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from pinsharp.errors import ConfigError
from pinsharp.restoration.recipe import Recipe
from pinsharp.words import said_by

KEY_VARIABLE = "PINSHARP_API_KEY"
"""Environment variable that holds the key which clients have to send."""

LEAST_KEY = 16
"""Fewest characters of a key."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a service takes on; whatever is beyond is refused with a sentence.

    Raises:
        ConfigError: If a limit is not positive and finite.
    """

    body_bytes: int = 64 * 10**6  # of a request
    pixels: int = 50_000_000  # of an image of a request, and of each further image that comes with it
    seconds: float = 120  # from the whole request to its answer
    waiting: int = 64  # requests that wait for a process
    requests: int = 256  # requests that are being received, worked at or answered, uploads of jobs too
    requests_per_client: int = 64  # the same of one address
    connections: int = 1024  # open ones
    slow_seconds: float = 30  # of silence, and for the headers of a request
    body_seconds: float = 30  # for a body or an answer, and a second more for every 100 kB
    job_bytes: int = 8 * 10**9  # of a job's request
    job_pixels: int = 4_000_000_000  # of an image of a job; of one that is no TIFF read by windows at most 1e9
    job_seconds: float = 24 * 3600.0  # a job's work
    jobs: int = 64  # that wait or run
    keep_seconds: float = 24 * 3600.0  # how long a job that has ended is kept, with its result
    free_bytes: int = 2**30  # disk space that has to be left when something is received

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 < value < math.inf:
                raise ConfigError(f"{name.replace('_', ' ')} must be above 0 and finite, got {value:g}; leave it out")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All of it.

    Attributes:
        recipe: What holds unless a client says otherwise.
        jobs: Processes that answer requests; one more is at long jobs, while there are some.
        state: Folder of long jobs, and of what is being received.
        profiles: Folder of cameras' profiles, which clients call by name; None if there are none.
        host: Address to listen at.
        port: Port to listen at; 0 takes a free one.
        key: What clients have to send; None lets everybody in.
        limits: What is taken on.

    Raises:
        ConfigError: If a public address has no key, the key is short, or a folder is missing.
    """

    recipe: Recipe = field(default_factory=Recipe)
    jobs: int = 1
    state: Path
    profiles: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    key: str | None = None
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"--port must be from 0 to 65535, got {self.port}; 0 takes a free one")
        if self.key is not None and (len(self.key) < LEAST_KEY or not self.key.isascii() or not self.key.isprintable()):
            raise ConfigError(
                f"expected a key of at least {LEAST_KEY} printable letters of ASCII, got {len(self.key)} characters; "
                'make one with python -c "import secrets; print(secrets.token_urlsafe())"'
            )
        if self.key is None and not is_loopback(self.host):
            raise ConfigError(
                f"expected a key where other machines can come in, got none for {self.host}; set {KEY_VARIABLE} or "
                "--api-key-file, or leave --host out"
            )
        if self.profiles is not None and not self.profiles.is_dir():
            raise ConfigError(f"{self.profiles}: expected a folder of profiles, got none; check its name")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def default_state() -> Path:
    """Where jobs are kept unless a folder is given; it need not exist."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "pinsharp" / "serve"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "pinsharp" / "serve"


def find_key(file: Path | None) -> str | None:
    """The key of a file, or of the environment; None if there is neither.

    Raises:
        ConfigError: If the file cannot be read.
    """
    if file is None:
        return os.environ.get(KEY_VARIABLE) or None
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{file}: expected a file with a key, got {said_by(error)}; check its name and rights"
        ) from error
