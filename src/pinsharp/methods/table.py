"""Every method by name, and `load_method`, which makes one that is ready to use."""

import difflib
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import torch

from pinsharp.classical.wiener import Prior, wiener
from pinsharp.errors import ConfigError, WeightsError
from pinsharp.methods.classical import Solve, SolverMethod
from pinsharp.methods.devices import Precision, choose_dtype, find_device
from pinsharp.methods.ensemble import Ensemble
from pinsharp.methods.method import KernelFrom, Kind, Method
from pinsharp.methods.network import kernel_source
from pinsharp.methods.runtimes import Runtime, check_runtime, check_torch_only
from pinsharp.methods.selfdeblur import SelfDeblurMethod
from pinsharp.methods.shipped import ShippedSwift, from_file
from pinsharp.nets.registry import net_classes
from pinsharp.nets.weights import read_info, shipped_names, zoo_path
from pinsharp.runtimes.exported import SUFFIXES, is_exported
from pinsharp.settings import build, read_toml

DEFAULT_METHOD = "swift"
"""The method that restores when none is named."""

DEFAULT_NOISE_TO_SIGNAL: dict[Prior, float] = {"laplacian": 1e-3, "constant": 3e-3}
"""Of `wiener` and `wiener-constant`, chosen on photographs with 8 bits. With the Laplacian it was within 0.4 dB of the
best ratio for Gaussians and for noise of 1/255; a smaller one gains up to 1.3 dB on noiseless discs and loses 2 dB on
noisy ones. The constant's was within 0.3 dB of the best for Gaussians, with and without that noise, and within 0.7 dB
for discs."""

Make = Callable[[str, torch.device, Precision, Runtime], Method]

_ENSEMBLE = "ensemble"
_WEIGHTS_SUFFIX = ".safetensors"
_FILE_SUFFIXES = (_WEIGHTS_SUFFIX, *SUFFIXES)


@dataclass(frozen=True)
class MethodInfo:
    """An entry of the table of methods.

    Args:
        kind: `classical` or `network`.
        kernel_from: Who measures the blur when no kernel is given.
        summary: What it is, in one line.
        make: Makes the method, given what follows its name after a colon (often nothing), device, precision, runtime.
        has_weights: Whether it works only with trained weights.
    """

    kind: Kind
    kernel_from: KernelFrom
    summary: str
    make: Make
    has_weights: bool = False


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
    return find_method(name).make(option, target, precision, runtime)


def find_method(name: str) -> MethodInfo:
    """Look a method up by its name, without an option.

    Raises:
        ConfigError: If there is none; the message names the closest.
    """
    table = method_table()
    if name not in table:
        close = difflib.get_close_matches(name, table, n=1)
        advice = f"did you mean {close[0]!r}?" if close else "pinsharp info lists them"
        raise ConfigError(f"expected a model ({', '.join(table)}) or a {_WEIGHTS_SUFFIX} file, got {name!r}; {advice}")
    return table[name]


def _is_file(name_or_path: str | Path) -> bool:
    """Whether a model is a file rather than a name; an ensemble of a file is a name."""
    is_ensemble = str(name_or_path).startswith(f"{_ENSEMBLE}:")
    return isinstance(name_or_path, Path) or (name_or_path.endswith(_FILE_SUFFIXES) and not is_ensemble)


def method_table() -> dict[str, MethodInfo]:
    """List all methods by name: `METHODS`, and further weights that come with pinsharp."""
    further = [name for name in shipped_names() if name not in METHODS]
    summary = "network; its weights' card says more"
    return METHODS | {name: _network(name, _source_in_zoo(name), summary) for name in further}


def _source_in_zoo(name: str) -> KernelFrom:
    try:
        return kernel_source(net_classes(read_info(zoo_path(name)).net)[0])
    except (ConfigError, WeightsError):
        return "itself"  # damaged: whoever loads it is told so, the table stays whole


def _network(name: str, kernel_from: KernelFrom, summary: str) -> MethodInfo:
    def make(option: str, device: torch.device, precision: Precision, runtime: Runtime) -> Method:
        _refuse_option(name, option)
        return from_file(zoo_path(name), device, precision, name, runtime=runtime)

    return MethodInfo("network", kernel_from, summary, make, has_weights=True)


def _solver(name: str, summary: str, choose: Callable[[str], Solve]) -> MethodInfo:
    """An entry for a function of image and kernel; `choose` turns what follows the colon into the function."""

    def make(option: str, device: torch.device, precision: Precision, runtime: Runtime) -> Method:
        check_torch_only(name, runtime)
        return SolverMethod(name, choose(option), lender=ShippedSwift(device, precision), device=device)

    return MethodInfo("classical", "swift", summary, make)


def _wiener(name: str, prior: Prior, option: str) -> Solve:
    default = DEFAULT_NOISE_TO_SIGNAL[prior]
    ratio = _number(name, "noise-to-signal ratio", option, "0.01") if option else default
    return partial(wiener, noise_to_signal=ratio, prior=prior)


def _unsupervised_wiener(option: str) -> Solve:
    from pinsharp.classical.unsupervised_wiener import unsupervised_wiener

    _refuse_option("unsupervised-wiener", option)
    return unsupervised_wiener


def _richardson_lucy(option: str) -> Solve:
    from pinsharp.classical.richardson_lucy import richardson_lucy

    if not option:
        return richardson_lucy
    return partial(richardson_lucy, iterations=_count("richardson-lucy", "iterations", option, "100"))


def _ftvd(option: str) -> Solve:
    from pinsharp.classical.ftvd import ftvd

    return partial(ftvd, mu=_number("ftvd", "weight of the data", option, "5000")) if option else ftvd


def _selfdeblur(name: str, summary: str, *, small: bool) -> MethodInfo:
    def make(option: str, device: torch.device, precision: Precision, runtime: Runtime) -> Method:
        from pinsharp.nets.peers.selfdeblur import SMALL, SelfDeblurConfig

        check_torch_only(name, runtime)
        choose_dtype(precision, device)
        config = SMALL if small else SelfDeblurConfig()
        if option.endswith(".toml"):
            config = build(SelfDeblurConfig, asdict(config) | read_toml(option, example="kernel_size = 31"), "")
        elif option:
            config = replace(config, steps=_count(name, "steps", option, "500"))
        return SelfDeblurMethod(name, config, device=device)

    return MethodInfo("network", "itself", summary, make)


def _ensemble(option: str, device: torch.device, precision: Precision, runtime: Runtime) -> Method:
    method = load_method(option or DEFAULT_METHOD, device=device, precision=precision, runtime=runtime)
    return Ensemble(method, f"{_ENSEMBLE}:{method.name}" if option else _ENSEMBLE)


def _number(name: str, what: str, option: str, example: str) -> float:
    """Read a positive number that follows a name.

    Raises:
        ConfigError: If it is none.
    """
    try:
        value = float(option)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise ConfigError(
            f"{name} takes its {what}, a positive number, after the colon, got {option!r}; try {name}:{example}"
        )
    return value


def _count(name: str, what: str, option: str, example: str) -> int:
    """Read a whole number from 1 on that follows a name.

    Raises:
        ConfigError: If it is none.
    """
    if not (option.isascii() and option.isdigit() and int(option) > 0):
        raise ConfigError(f"{name} takes its number of {what} after the colon, got {option!r}; try {name}:{example}")
    return int(option)


def _refuse_option(name: str, option: str) -> None:
    if option:
        raise ConfigError(f"{name} takes no option after its name, got {option!r}; leave it out")


METHODS: dict[str, MethodInfo] = {
    "swift": _network("swift", "itself", "ours, made for CPUs: measures the blur, Wiener bank, small local net"),
    "sharp": _network("sharp", "itself", "ours, for colour images of real lenses: swift with twice the blocks, slower"),
    "udbd": _network("udbd", "itself", "UDBD-Net, the paper's network"),
    "udbd-fwd": _network("udbd-fwd", "itself", "UDBD-Net with the plain feature Wiener step"),
    "udbd-flat": _network("udbd-flat", "itself", "UDBD-Net whose refinement keeps its resolution"),
    "deepdeblur": _network("deepdeblur", "nobody", "DeepDeblur: three scales with weights of their own"),
    "srn": _network("srn", "nobody", "SRN-DeblurNet: three scales that share their weights"),
    "nafnet": _network("nafnet", "nobody", "NAFNet: a U-shaped net without activation functions"),
    "dwdn": _network("dwdn", "swift", "DWDN: Wiener deconvolution of deep features, refinement at two scales"),
    "wiener": _solver(
        "wiener",
        "Wiener filter for images that are smooth; wiener:RATIO sets its noise-to-signal ratio",
        partial(_wiener, "wiener", "laplacian"),
    ),
    "wiener-constant": _solver(
        "wiener-constant",
        "Wiener filter that takes all frequencies for equally strong; wiener-constant:RATIO as for wiener",
        partial(_wiener, "wiener-constant", "constant"),
    ),
    "unsupervised-wiener": _solver(
        "unsupervised-wiener",
        "Wiener filter that estimates its noise-to-signal ratio from the image",
        _unsupervised_wiener,
    ),
    "richardson-lucy": _solver(
        "richardson-lucy",
        "Richardson-Lucy iteration; richardson-lucy:ITERATIONS sets how many",
        _richardson_lucy,
    ),
    "ftvd": _solver("ftvd", "total variation; ftvd:MU sets how closely the image is followed", _ftvd),
    "selfdeblur": _selfdeblur(
        "selfdeblur",
        "two networks fitted to each image, without training but slow; selfdeblur:STEPS or selfdeblur:FILE.toml",
        small=False,
    ),
    "selfdeblur-small": _selfdeblur(
        "selfdeblur-small", "the same with a quarter of the channels and fewer steps, for a CPU", small=True
    ),
    _ENSEMBLE: MethodInfo(
        "network",
        "itself",
        "the mean of eight restorations, of the image turned and mirrored; ensemble:MODEL for others than swift",
        _ensemble,
    ),
}
"""Every method by name. Networks of other weights are loaded from their file."""
