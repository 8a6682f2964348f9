"""The guard: blends to one, cell by cell, and row by row as all at once."""

import pytest
import torch

from pinsharp.nets.swift.guard import CELL, FEATURES, Guard, GuardedRows, cell_features

TOLD = 5


def guard(seed=0):
    torch.manual_seed(seed)
    net = Guard(TOLD, hidden=8)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return net.eval()


def images(height=200, width=150, channels=1):
    gen = torch.Generator().manual_seed(1)
    return [0.5 + 0.2 * torch.randn(1, channels, height, width, generator=gen) for _ in range(3)]


def told():
    return torch.linspace(-1, 1, TOLD)[None]


def rows_of(parts, heights):
    whole = torch.cat(parts, dim=1)
    yield from (band.clone() for band in torch.split(whole, heights, dim=-2))


def blended(net, parts, heights):
    shape = (parts[0].shape[-2], parts[0].shape[-1])
    rows = GuardedRows(net, told(), shape)
    with torch.inference_mode():
        return torch.cat(list(rows.blend(rows_of(parts, heights))), dim=-2), rows.weights


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("heights", [[100, 100], [7] * 28 + [4], [64, 64, 64, 8], [1, 199]])
def test_rows_are_blended_alike_however_many_come_at_once(channels, heights):
    net, parts = guard(), images(channels=channels)

    whole, weights = blended(net, parts, [200])
    found, seen = blended(net, parts, heights)

    assert torch.equal(found, whole)
    assert torch.equal(seen, weights)


def test_rows_are_what_training_blends():
    net, parts = guard(), images()

    found, _ = blended(net, parts, [200])

    with torch.no_grad():
        expected = net(*parts, told())
    torch.testing.assert_close(found, expected, atol=2e-3, rtol=0)  # weights are rounded to steps


def test_weights_sum_to_one_in_every_cell():
    weights = guard().weights(*images(), told())

    assert weights.shape == (1, 3, 4, 3)  # 200 x 150 pixels in cells of 64
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(1, 4, 3))
    assert (weights >= 0).all()


def test_at_the_start_the_restoration_is_believed():
    restored, careful, blurred = images()

    found = Guard(TOLD)(restored, careful, blurred, told())

    expected = torch.softmax(torch.tensor([2.0, 0.0, 0.0]), dim=0)
    torch.testing.assert_close(found, expected[0] * restored + expected[1] * (careful + blurred))


def test_a_cell_is_judged_by_its_own_pixels():
    parts = images(4 * CELL, 4 * CELL)
    before = cell_features(*parts)
    parts[0][..., CELL : 2 * CELL, 2 * CELL : 3 * CELL] += 1

    after = cell_features(*parts)

    changed = (after != before).any(dim=-1)[0]
    assert changed.nonzero().tolist() == [[1, 2]]
    assert after.shape == (1, 4, 4, FEATURES)


def test_agreeing_images_show_no_difference():
    _, _, blurred = images()

    found = cell_features(blurred, blurred, blurred)

    assert (found[..., :12] < -9).all()  # logarithms of sizes: restored, careful and image are one


def test_every_parameter_learns():
    net, parts = Guard(TOLD), images()
    torch.nn.init.normal_(net.layers[-1].weight)

    net(*parts, told()).square().mean().backward()

    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in net.parameters())
