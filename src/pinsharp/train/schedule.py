"""Schedules: the learning rate of every step of a stage, decided by the step alone."""

import math

from pinsharp.train.config import StageConfig


def learning_rate(stage: StageConfig, step: int) -> float:
    """Learning rate of a step, from 0 on: a linear warm-up to `lr`, then down as the stage's schedule says."""
    if step < stage.warmup:
        return stage.lr * (step + 1) / stage.warmup
    if stage.schedule == "steps":
        # Of the whole stage, warm-up included: so do those count who name the epochs of their milestones.
        return stage.lr * stage.gamma ** sum(step / stage.steps >= milestone for milestone in stage.milestones)
    share = (step - stage.warmup) / max(1, stage.steps - stage.warmup)
    left = 0.5 * (1 + math.cos(math.pi * share)) if stage.schedule == "cosine" else (1 - share) ** stage.power
    return stage.lr * (stage.final_lr + (1 - stage.final_lr) * left)
