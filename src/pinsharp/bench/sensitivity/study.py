"""What a wrong width of the blur costs (Figure 4 of the paper): restorations with assumed, true and estimated kernels.

The paper's figure shows FTVd on a blur of sigma 3.5 with the true kernel, with sigma 3.7 and with the estimated one.
Here the same is measured over a folder of images, for any methods, with a curve over all widths in between: methods on
a test set, each with as many rows as there are widths.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from matplotlib.figure import Figure
from torch import Tensor

from pinsharp.bench.engine.methods import BLURRED
from pinsharp.bench.engine.records import Records
from pinsharp.bench.quality.contenders import Contender, Restored, leave
from pinsharp.bench.quality.judge import judge
from pinsharp.bench.quality.records import Measurement
from pinsharp.bench.quality.study import Quality, Task
from pinsharp.bench.sensitivity.plots import Shown, draw_curve, draw_fig4
from pinsharp.bench.sensitivity.setting import ESTIMATED, Assumed, Setting, row_of
from pinsharp.bench.sensitivity.tables import fig4, fig4_curve
from pinsharp.bench.show.sheet import Box
from pinsharp.bench.show.typeset import Table
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.data.testset import BlurredPair, Degradation
from pinsharp.errors import ConfigError
from pinsharp.methods.method import Method, measures_first, takes_kernel


@dataclass(frozen=True)
class Sensitivity(Quality):
    """Methods with the widths that they assume; what the picture shows is kept in memory: one process measures all."""

    setting: Setting
    estimator: str  # name of what estimated the kernels
    psnr: str = "mean"  # which PSNR is drawn, a key of `PSNRS`
    detail: Box | None = None  # what the picture shows; None for what the blur has hurt most

    @cached_property
    def shown(self) -> list[Shown]:
        """What the picture shows of the first image, as far as it was measured."""
        return []

    def measure(self, task: Task, row: str, subject: BlurredPair) -> Measurement:
        """Restore with an assumed kernel, and judge it."""
        figures, restored = judge(self.rows[row], subject, task.image_sha256)
        if task.number == 0 and self.setting.is_shown(row):
            self.shown.append(Shown(figures, subject, restored.image))
        return figures

    def tables(self, records: Records[Measurement]) -> list[Table]:
        """The three kernels of the figure, and all widths."""
        table = fig4(records.done, self.setting, estimator=self.estimator)
        return [table, fig4_curve(records.done, self.setting)]

    def pictures(self, records: Records[Measurement], tables: Sequence[Table]) -> dict[str, Figure]:
        """The first image with the three kernels, and PSNR over all widths."""
        table, curve = tables
        sheet = draw_fig4(self.shown, self.setting, estimator=self.estimator, box=self.detail)
        return {table.name: sheet, curve.name: draw_curve(curve, table, self.setting, psnr=self.psnr)}


def assuming(
    names: Mapping[str, str], estimator: str, setting: Setting, protocol: Degradation, *, load: Callable[[str], Method]
) -> list[Contender]:
    """Make the rows: the blurred input, and every method with every assumed width and with the estimated kernel.

    The methods (by label) take a kernel; `estimator` estimates one, once an image. The protocol is that of the setting.

    Raises:
        ConfigError: If a method has no use for a kernel, or the estimator estimates none.
    """
    judge_of_kernels = load(estimator)
    if not measures_first(judge_of_kernels):
        raise ConfigError(f"--estimator: expected a method that estimates a kernel, got {estimator}; try swift")
    estimated = lru_cache(maxsize=1)(judge_of_kernels.estimate)
    rows = [Contender(BLURRED, leave)]
    for name, method in {label: load(name) for label, name in names.items()}.items():
        if not takes_kernel(method):
            raise ConfigError(f"expected methods that take a kernel, got {name}, which does not; leave it out")
        widths: list[Assumed] = [*setting.widths, ESTIMATED]
        for assumed in widths:
            rows.append(Contender(row_of(name, assumed), _assuming(method, assumed, setting, estimated)))
    return rows


def _assuming(
    method: Method, assumed: Assumed, setting: Setting, estimate: Callable[[Tensor], BlurField]
) -> Callable[[BlurredPair], Restored]:
    def restore(pair: BlurredPair) -> Restored:
        if assumed == ESTIMATED:
            kernel = estimate(pair.blurred).kernel.to(pair.blurred.device)
        else:
            kernel = gaussian_kernel(float(assumed or 0), setting.size)
        return Restored(method(pair.blurred, kernel).image, pair.sharp, kernel)

    return restore
