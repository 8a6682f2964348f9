"""How fast a run trains, against a plain loop of the same net in the same process, or by cameras against formulas.

Usage: python scripts/train_throughput.py CONFIG.toml STEPS [KEY=VALUE ...]
       python scripts/train_throughput.py --cameras CONFIG.toml STEPS [KEY=VALUE ...]

The second way times training on pairs of simulated cameras beside training on the paper's blurs, in turns of STEPS.
`run.workers=1` makes pairs in a second process; `OMP_NUM_THREADS=1 taskset -c 0` is how one core does.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import torch

from pinsharp.data.corpus import Corpus, load_corpus
from pinsharp.data.synthesis import Batch
from pinsharp.nets.registry import build_net
from pinsharp.train.ahead import ahead
from pinsharp.train.config import StageConfig, TrainConfig, load_config
from pinsharp.train.pairs import make_pairs
from pinsharp.train.run import compile_trunks
from pinsharp.train.stages import Stage


def measure_throughput(config: TrainConfig, steps: int) -> str:
    """Time the last stage of a config as it is configured and as a plain fp32 loop, alternating, and say the ratio.

    The plain loop is what one writes first: float32, contiguous layout, nothing compiled. Making the pairs counts in
    both.

    Args:
        config: The run; its corpus is read, nothing is written.
        steps: Steps timed of each kind, after two that are not.

    Returns:
        One line with crops per second of both and their ratio.
    """
    stage = next((s for s in reversed(config.stage) if s.kind == "deconv"), config.stage[-1])
    corpus = load_corpus(config.images, held_out=True, smallest=stage.crop + config.data.kernel_size)
    plain_run = replace(config.run, precision="fp32", channels_last=False, compile=False)
    loops = [_Loop(replace(config, run=run), stage, corpus) for run in (config.run, plain_run)]
    for loop in loops:
        loop.step(0)
        loop.step(1)
    seconds = [0.0, 0.0]
    for number in range(2, steps + 2):
        for index, loop in enumerate(loops):
            begun = time.perf_counter()
            loop.step(number)
            seconds[index] += time.perf_counter() - begun
    fast, plain = (steps * stage.batch / spent for spent in seconds)
    return (
        f"{config.name}, {stage.batch} crops of {stage.crop} x {stage.crop}, {torch.get_num_threads()} threads: "
        f"{fast:.1f} crops/s as configured, {plain:.1f} crops/s in a plain fp32 loop, ratio {fast / plain:.2f}"
    )


def measure_cameras(config: TrainConfig, steps: int, turns: int = 3) -> str:
    """Time the last stage of a config on pairs of its simulated camera and on the paper's blurs, by turns.

    Args:
        config: The run; its corpus is read, nothing is written. Without a camera, `train` is taken.
        steps: Steps timed of each kind in a turn, after one that is not, while which the processes begin.
        turns: Turns of each kind.

    Returns:
        One line with crops per second of both and their ratio.
    """
    stage = next((s for s in reversed(config.stage) if s.kind == "deconv"), config.stage[-1])
    camera = replace(config.data, camera=config.data.camera or "train")
    paper = replace(config.data, camera="", distribution="paper")
    smallest = stage.crop + max(camera.kernel_size, paper.kernel_size)
    corpus = load_corpus(config.images, held_out=True, smallest=smallest)
    loops = [_Loop(replace(config, data=data), stage, corpus) for data in (camera, paper)]
    seconds = [0.0, 0.0]
    for turn in range(turns):
        for index, loop in enumerate(loops):
            first = turn * (steps + 1)
            batches = loop.batches(range(first, first + steps + 1), config.run.workers)
            loop.train(next(batches), first)
            begun = time.perf_counter()
            for number, batch in enumerate(batches, first + 1):
                loop.train(batch, number)
            seconds[index] += time.perf_counter() - begun
    by_camera, by_formula = (turns * steps * stage.batch / spent for spent in seconds)
    return (
        f"{config.name}, {stage.batch} crops of {stage.crop} x {stage.crop}, {torch.get_num_threads()} threads, "
        f"{config.run.workers} workers: {by_camera:.1f} crops/s by cameras, {by_formula:.1f} crops/s by formulas, "
        f"ratio {by_camera / by_formula:.2f}"
    )


class _Loop:
    """A training loop reduced to what takes time."""

    def __init__(self, config: TrainConfig, stage: StageConfig, corpus: Corpus) -> None:
        torch.manual_seed(config.run.seed)
        self.config, self.stage, self.corpus = config, stage, corpus
        self.layout = torch.channels_last if config.run.channels_last else torch.contiguous_format
        net = build_net(config.net, config.config).to(memory_format=self.layout)  # type: ignore[call-overload]
        self.objective = Stage(net, stage)
        if config.run.compile:
            compile_trunks(net)
        self.optimiser = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=1e-5)

    def batches(self, steps: range, workers: int = 0) -> Iterator[Batch]:
        """The pairs of some steps."""
        size = self.stage.batch
        return ahead(self.pairs, [range(number * size, number * size + size) for number in steps], workers)

    def pairs(self, indices: range) -> Batch:
        return make_pairs(self.corpus, self.config.data, size=self.stage.crop, indices=indices, seed=0)

    def step(self, number: int) -> None:
        self.train(next(self.batches(range(number, number + 1))), number)

    def train(self, batch: Batch, number: int) -> None:
        batch = replace(batch, blurred=batch.blurred.contiguous(memory_format=self.layout))
        with torch.autocast("cpu", torch.bfloat16, enabled=self.config.run.precision == "bf16"):
            loss = self.objective(batch, number * self.stage.batch)["loss"]
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()


if __name__ == "__main__":
    measure = measure_cameras if sys.argv[1] == "--cameras" else measure_throughput
    path, steps, *settings = [word for word in sys.argv[1:] if word != "--cameras"]
    print(measure(load_config(path, settings), int(steps)))
