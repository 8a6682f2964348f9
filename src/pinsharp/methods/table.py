"""Every method by name, and `load_method`, which makes one that is ready to use."""

import difflib
from pathlib import Path

import torch

from pinsharp.errors import ConfigError, WeightsError
from pinsharp.methods.classical import solver
from pinsharp.methods.devices import Precision, Runtime, check_runtime, find_device
from pinsharp.methods.ensemble import Ensemble
from pinsharp.methods.entry import MethodInfo, Option, Request
from pinsharp.methods.files import from_file, kernel_source, network
from pinsharp.methods.method import KernelFrom, Method
from pinsharp.methods.selfdeblur import selfdeblur
from pinsharp.nets.registry import net_kind
from pinsharp.nets.weights import read_info, shipped_names, zoo_path
from pinsharp.runtimes.exported import SUFFIXES, is_exported

DEFAULT_METHOD = "swift"
"""The method that restores when none is named."""

_ENSEMBLE = "ensemble"
_WEIGHTS_SUFFIX = ".safetensors"
_FILE_SUFFIXES = (_WEIGHTS_SUFFIX, *SUFFIXES)
_RATIO = Option("noise_to_signal", "noise-to-signal ratio", "0.01")


def _ensemble(asked: Request) -> Method:
    model = asked.option or DEFAULT_METHOD
    method = load_method(model, device=asked.device, precision=asked.precision, runtime=asked.runtime)
    return Ensemble(method, f"{_ENSEMBLE}:{method.name}" if asked.option else _ENSEMBLE)


METHODS: dict[str, MethodInfo] = {
    "swift": network("ours, made for CPUs: measures the blur, Wiener bank, small local net"),
    "sharp": network("ours, for colour images of real lenses: swift with twice the blocks, slower"),
    "udbd": network("UDBD-Net, the paper's network"),
    "udbd-fwd": network("UDBD-Net with the plain feature Wiener step"),
    "udbd-flat": network("UDBD-Net whose refinement keeps its resolution"),
    "deepdeblur": network("DeepDeblur: three scales with weights of their own", kernel_from="nobody"),
    "srn": network("SRN-DeblurNet: three scales that share their weights", kernel_from="nobody"),
    "nafnet": network("NAFNet: a U-shaped net without activation functions", kernel_from="nobody"),
    "dwdn": network("DWDN: Wiener deconvolution of deep features, refinement at two scales", kernel_from="swift"),
    # Ratios chosen on photographs with 8 bits. With the Laplacian it was within 0.4 dB of the best one for Gaussians
    # and for noise of 1/255; a smaller one gains up to 1.3 dB on noiseless discs and loses 2 dB on noisy ones. The
    # constant's was within 0.3 dB of the best for Gaussians, with and without that noise, and within 0.7 dB for discs.
    "wiener": solver(
        "Wiener filter for images that are smooth; wiener:RATIO sets its noise-to-signal ratio",
        "pinsharp.classical.wiener:wiener",
        _RATIO,
        {"prior": "laplacian", "noise_to_signal": 1e-3},
    ),
    "wiener-constant": solver(
        "Wiener filter that takes all frequencies for equally strong; wiener-constant:RATIO as for wiener",
        "pinsharp.classical.wiener:wiener",
        _RATIO,
        {"prior": "constant", "noise_to_signal": 3e-3},
    ),
    "unsupervised-wiener": solver(
        "Wiener filter that estimates its noise-to-signal ratio from the image",
        "pinsharp.classical.unsupervised_wiener:unsupervised_wiener",
    ),
    "richardson-lucy": solver(
        "Richardson-Lucy iteration; richardson-lucy:ITERATIONS sets how many",
        "pinsharp.classical.richardson_lucy:richardson_lucy",
        Option("iterations", "iterations", "100", is_count=True),
    ),
    "ftvd": solver(
        "total variation; ftvd:MU sets how closely the image is followed",
        "pinsharp.classical.ftvd:ftvd",
        Option("mu", "weight of the data", "5000"),
    ),
    "selfdeblur": selfdeblur(
        "two networks fitted to each image, without training but slow; selfdeblur:STEPS or selfdeblur:FILE.toml"
    ),
    "selfdeblur-small": selfdeblur("the same with a quarter of the channels and fewer steps, for a CPU", small=True),
    _ENSEMBLE: MethodInfo(
        "network",
        "itself",
        "the mean of eight restorations, of the image turned and mirrored; ensemble:MODEL for others than swift",
        _ensemble,
    ),
}
"""Every method by name; a new one is its file and a line here. Networks of other weights are loaded from their file."""


def load_method(
    name_or_path: str | Path,
    *,
    device: str | torch.device = "cpu",
    precision: Precision = "auto",
    runtime: Runtime = "torch",
) -> Method:
    """Make a method that is ready to use.

    Args:
        name_or_path: A name in `METHODS`, such as `swift` or `ftvd`; some take a number after a colon, such as
            `wiener:0.01` (its noise-to-signal ratio) or, for `ensemble`, another model. Or a .safetensors file that
            `pinsharp train` wrote, or a .onnx or .xml file that `pinsharp export` wrote.
        device: Where to compute: `cpu`, `cuda`, or `auto`, a GPU where there is one.
        precision: Of a network's convolutions: `auto`, `float32` or `bfloat16`.
        runtime: What computes them, one of `RUNTIMES`; an exported file brings its own along.

    Raises:
        ConfigError: If the name, device, precision or runtime is unknown, the number wrong, or they do not go together.
        MissingExtra: If the runtime is not installed.
        WeightsError: If the weights are missing or damaged.
    """
    check_runtime(runtime)
    on_cpu = is_exported(name_or_path) or runtime not in ("torch", "auto")
    target = find_device("cpu" if device == "auto" and on_cpu else device)
    if _is_file(name_or_path):
        return from_file(Path(name_or_path), target, precision, runtime=runtime)
    name, _, option = str(name_or_path).partition(":")
    return find_method(name).make(Request(name, option, target, precision, runtime))


def find_method(name: str) -> MethodInfo:
    """Look a method up by its name, without an option.

    Raises:
        ConfigError: If there is no such method; the message names the closest.
    """
    table = method_table()
    if name not in table:
        close = difflib.get_close_matches(name, table, n=1)
        advice = f"did you mean {close[0]!r}?" if close else "pinsharp info lists them"
        raise ConfigError(f"expected a model ({', '.join(table)}) or a {_WEIGHTS_SUFFIX} file, got {name!r}; {advice}")
    return table[name]


def method_table() -> dict[str, MethodInfo]:
    """List all methods by name: `METHODS`, and further weights that come with pinsharp."""
    further = [name for name in shipped_names() if name not in METHODS]
    summary = "network; its weights' card says more"
    return METHODS | {name: network(summary, kernel_from=_source_in_zoo(name)) for name in further}


def _source_in_zoo(name: str) -> KernelFrom:
    try:
        return kernel_source(net_kind(read_info(zoo_path(name)).net).traits)
    except (ConfigError, WeightsError):
        return "itself"  # damaged: an error when it is loaded; the table stays complete


def _is_file(name_or_path: str | Path) -> bool:
    """Whether a model is a file rather than a name; an ensemble of a file is a name."""
    is_ensemble = str(name_or_path).startswith(f"{_ENSEMBLE}:")
    return isinstance(name_or_path, Path) or (name_or_path.endswith(_FILE_SUFFIXES) and not is_ensemble)
