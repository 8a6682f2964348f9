"""How large a pool of actors is, and each of its actors."""

from dataclasses import dataclass

from pinsharp.errors import ConfigError


@dataclass(frozen=True)
class Size:
    """How large a pool is, and each of its actors.

    Attributes:
        least: Actors that stay though nothing waits.
        most: Actors at most; 0 for as many as the processors, or GPUs, of the cluster are enough for, as it grows.
        cpus: Processors that an actor takes, and its threads.
        gpus: GPUs that it takes, or a part of one.
    """

    least: int = 1
    most: int = 0
    cpus: float = 1
    gpus: float = 0

    def __post_init__(self) -> None:
        if self.least < 0 or self.most < 0 or self.cpus <= 0 or self.gpus < 0:
            raise ConfigError(
                f"expected positive numbers of actors, processors and GPUs, got {self.least} to {self.most} actors of "
                f"{self.cpus:g} processors and {self.gpus:g} GPUs each; correct them"
            )
        if self.most and self.least > self.most:
            raise ConfigError(f"expected at least {self.least} actors at most, got {self.most}; raise --max-actors")

    def fits(self) -> int:
        """Actors for which the cluster, as it is now, has room; at least 1, for it may grow."""
        import ray

        has = ray.cluster_resources()
        rooms = [has.get(name, 0) / each for name, each in (("CPU", self.cpus), ("GPU", self.gpus)) if each]
        return max(1, int(min(rooms)))

    def wanted(self, outstanding: int) -> int:
        """Actors for so many images: unless it is said how many, twice as many as fit, so that the cluster grows."""
        return min(self.most or 2 * self.fits(), outstanding)
