"""What is taken out of a network: the graph computes what the network computes, and comes back into its place."""

import pytest
import torch

from pinsharp.blur.field import BlurField
from pinsharp.errors import ConfigError
from pinsharp.nets.registry import NETS
from pinsharp.runtimes.parts import check_exportable, graph_of, install, installed, remove
from tiny_models import own_convolutions, tiny_peer, tiny_swift

EXPORTABLE = [name for name, kind in NETS.items() if kind.traits.is_exportable]
END_TO_END = [name for name in EXPORTABLE if name != "swift"]


def image(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def known():
    kernel = image(1, 1, 5, 5)
    return BlurField(kernel / kernel.sum(), torch.tensor([1 / 255]))


def lively_swift():
    """Modulation and residual blocks begin near nothing, behind which a mistake hides."""
    net, gen = tiny_swift(), torch.Generator().manual_seed(1)
    with torch.no_grad():
        inner = [child for name, child in net.restorer.named_children() if "trunk" in name or "condition" in name]
        for parameter in (parameter for part in inner for parameter in part.parameters()):
            parameter.add_(torch.randn(parameter.shape, generator=gen) * 0.2)
        for layer in net.restorer.leave.values():
            layer.weight.mul_(100)
    return net


def run_in_graph(net):
    """Runs the graph's own module, as a runtime would."""
    graph = graph_of(net)

    def run(name, inputs):
        entry = graph.entries[name]
        given = dict(zip(entry.inputs, inputs, strict=True))
        results = graph.module(*(given.get(key, example[:1]) for key, example in graph.inputs.items()))
        results = results if isinstance(results, tuple) else (results,)
        return results[graph.outputs.index(entry.output)]

    return run


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("height, width", [(24, 24), (23, 30), (5, 9)])
def test_swift_restores_with_its_graph_as_without(channels, height, width):
    net, blurred = lively_swift(), image(1, channels, height, width)
    with torch.inference_mode():
        expected = net.deconvolve(blurred, known())

        with installed(net, run_in_graph(net)):
            found = net.deconvolve(blurred, known())

    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", END_TO_END)
def test_an_end_to_end_network_restores_with_its_graph_as_without(name):
    net, blurred = tiny_peer(name), image(1, 3, 37, 42)
    with torch.inference_mode():
        expected = net.restore(blurred)

        with installed(net, run_in_graph(net)):
            found = net.restore(blurred)

    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", EXPORTABLE)
def test_what_is_installed_is_used_until_it_is_removed(name):
    net = tiny_swift() if name == "swift" else tiny_peer(name)
    blurred, calls = image(1, 3, 24, 24), []

    def restore():
        return net.deconvolve(blurred, known()) if name == "swift" else net.restore(blurred)

    def run(entry, inputs):
        calls.append(entry)
        return own_convolutions(net)[entry](*inputs)

    with torch.inference_mode():
        before = restore()
        install(net, run)
        torch.testing.assert_close(restore(), before, atol=1e-6, rtol=0)
        remove(net)
        restore()

    assert calls == ["colour"]


def test_a_swift_that_is_told_nothing_feeds_a_modulation_that_changes_nothing():
    net = tiny_swift()
    net.restorer.condition = net.restorer.mono_condition = None
    blurred = image(1, 1, 24, 24)
    with torch.inference_mode():
        expected = net.deconvolve(blurred, known())

        with installed(net, run_in_graph(net)):
            torch.testing.assert_close(net.deconvolve(blurred, known()), expected, atol=1e-6, rtol=0)


def test_networks_with_transforms_between_their_convolutions_are_refused():
    assert set(NETS) - set(EXPORTABLE) == {"udbd", "dwdn"}
    for name in ("udbd", "dwdn"):
        with pytest.raises(ConfigError, match=f"one of the nets swift, deepdeblur, srn, nafnet to .* got {name}"):
            check_exportable(name)
