"""Schedules: what each of them says in numbers, and that all of them begin with the same warm-up."""

from itertools import pairwise

import pytest

from pinsharp.train.schedule import learning_rate

SCHEDULES = [
    {"schedule": "cosine"},
    {"schedule": "steps", "milestones": (0.3, 0.8)},
    {"schedule": "polynomial", "power": 0.3},
    {"schedule": "polynomial", "power": 2.0, "final_lr": 0.0},
]


def rates_of(stage):
    return [learning_rate(stage, step) for step in range(stage.steps)]


@pytest.mark.parametrize("settings", SCHEDULES)
@pytest.mark.parametrize("warmup", [0, 2, 10])
def test_the_rate_rises_to_its_peak_and_never_again(stages, settings, warmup):
    rates = rates_of(stages("direct", steps=100, lr=0.4, warmup=warmup, **settings))

    assert rates[:warmup] == pytest.approx([0.4 * (step + 1) / warmup for step in range(warmup)])
    assert max(rates) == rates[warmup] == pytest.approx(0.4)
    assert all(later <= earlier for earlier, later in pairwise(rates[warmup:]))
    assert rates[-1] > 0


@pytest.mark.parametrize("warmup", [0, 2, 10])
def test_a_cosine_falls_to_its_end(stages, warmup):
    stage = stages("deconv", steps=100, lr=0.4, final_lr=0.05, warmup=warmup)

    rates = rates_of(stage)

    middle = (warmup + 100) // 2
    assert rates[middle] == pytest.approx(0.4 * (1 + 0.05) / 2)
    assert rates[-1] == pytest.approx(0.4 * 0.05, rel=0.02)


@pytest.mark.parametrize("warmup", [0, 2, 10])
def test_steps_fall_at_the_named_shares_of_the_whole_stage(stages, warmup):
    """DeepDeblur: halved after 500, 750 and 900 of 1000 epochs, whatever the warm-up."""
    settings = {"schedule": "steps", "milestones": (0.5, 0.75, 0.9), "gamma": 0.5}

    rates = rates_of(stages("direct", steps=1000, lr=0.8, warmup=warmup, **settings))

    falls = [step for step in range(warmup + 1, 1000) if rates[step] != rates[step - 1]]
    assert falls == [500, 750, 900]
    assert [rates[step] for step in (499, 500, 750, 999)] == pytest.approx([0.8, 0.4, 0.2, 0.1])


@pytest.mark.parametrize("power", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("final", [0.0, 0.05])
def test_a_polynomial_is_a_power_of_what_is_left(stages, power, final):
    """SRN: power 0.3, down to 0."""
    stage = stages("direct", steps=200, lr=0.4, warmup=0, schedule="polynomial", power=power, final_lr=final)

    rates = rates_of(stage)

    for step in (0, 50, 100, 199):
        assert rates[step] == pytest.approx(0.4 * final + (0.4 - 0.4 * final) * (1 - step / 200) ** power)
