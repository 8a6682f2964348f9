"""How fast a run trains, against a plain loop of the same net in the same process.

Usage: python scripts/train_throughput.py CONFIG.toml STEPS [KEY=VALUE ...]
"""

import sys
import time
from dataclasses import replace

import torch

from pinsharp.data.corpus import load_corpus
from pinsharp.data.synthesis import make_batch
from pinsharp.nets.registry import build_net
from pinsharp.train.config import StageConfig, TrainConfig, load_config
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


class _Loop:
    """A training loop reduced to what takes time."""

    def __init__(self, config: TrainConfig, stage: StageConfig, corpus: object) -> None:
        torch.manual_seed(config.run.seed)
        self.config, self.stage, self.corpus = config, stage, corpus
        self.layout = torch.channels_last if config.run.channels_last else torch.contiguous_format
        net = build_net(config.net, config.config).to(memory_format=self.layout)  # type: ignore[call-overload]
        self.objective = Stage(net, stage)
        if config.run.compile:
            compile_trunks(net)
        self.optimiser = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=1e-5)

    def step(self, number: int) -> None:
        first = number * self.stage.batch
        indices = range(first, first + self.stage.batch)
        batch = make_batch(self.corpus, self.config.data, size=self.stage.crop, indices=indices, seed=0)  # type: ignore[arg-type]
        batch = replace(batch, blurred=batch.blurred.contiguous(memory_format=self.layout))
        with torch.autocast("cpu", torch.bfloat16, enabled=self.config.run.precision == "bf16"):
            loss = self.objective(batch, first)["loss"]
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()


if __name__ == "__main__":
    print(measure_throughput(load_config(sys.argv[1], sys.argv[3:]), int(sys.argv[2])))
