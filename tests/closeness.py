"""Comparing what was computed in two ways, whose rounding is in proportion to the largest values that were summed."""

import torch


def assert_close_to_largest(found, expected, share):
    """Hold every difference to a share of the largest expected value; float32 keeps 6e-8 of it, bfloat16 4e-3."""
    torch.testing.assert_close(found, expected, atol=share * float(expected.detach().abs().max()), rtol=0)
