#!/usr/bin/env bash
# Expected: the Fourier transform (DFT) of ONNX Runtime and OpenVINO in float32 is about as accurate as SciPy's in
#   float32, with errors below 1e-5 of the largest coefficient for every length.
# Seen: that holds for powers of two. For 1000 samples errors are about 2e-4, for 10007 above 1e-3: hundreds to
#   thousands of times SciPy's. Lengths without large prime factors, such as 1080, are no better than others.
# Why it matters: the spectrum of a blurred image falls by a factor of 1e5 and more towards high frequencies. The error
#   is about the same at all frequencies: it covers what deconvolution divides by, and what a measurement of blur looks
#   at. Keep Fourier transforms out of an exported model, or pad to powers of two.
# Versions: onnxruntime 1.32.0, openvino 2026.4.1 (CPU, precision float32), onnx 1.23.2, scipy 1.17.1.
# Source: pull request 15522 of ONNX Runtime: a chirp transform does the lengths that are no power of two.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 scipy==1.17.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import onnxruntime
import openvino
import scipy.fft
from onnx import TensorProto, helper


def model(length):
    """Bytes of a model that transforms one real signal: (1, length, 1) to (1, length, 2)."""
    node = helper.make_node("DFT", ["signal", "", "axis"], ["spectrum"])
    signal = helper.make_tensor_value_info("signal", TensorProto.FLOAT, [1, length, 1])
    spectrum = helper.make_tensor_value_info("spectrum", TensorProto.FLOAT, [1, length, 2])
    axis = helper.make_tensor("axis", TensorProto.INT64, [], [1])
    graph = helper.make_graph([node], "dft", [signal], [spectrum], [axis])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9).SerializeToString()


def by_onnxruntime(length, signal):
    session = onnxruntime.InferenceSession(model(length), providers=["CPUExecutionProvider"])
    return session.run(None, {"signal": signal})[0]


def by_openvino(length, signal):
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model(length)), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled(signal)[0]


def by_scipy(length, signal):
    spectrum = scipy.fft.fft(signal[..., 0])  # float32 throughout
    return np.stack([spectrum.real, spectrum.imag], -1)


def error(transform, length):
    """Largest error, as a share of the largest coefficient."""
    signal = np.random.default_rng(0).normal(size=(1, length, 1)).astype(np.float32)
    true = np.fft.fft(signal[..., 0].astype(np.float64))
    seen = transform(length, signal).astype(np.float64)
    return float(np.abs(seen[..., 0] + 1j * seen[..., 1] - true).max() / np.abs(true).max())


lengths = (1024, 4096, 1000, 1080, 10007)
errors = {f.__name__[3:]: [error(f, n) for n in lengths] for f in (by_scipy, by_onnxruntime, by_openvino)}
print(f"onnxruntime {onnxruntime.__version__}, openvino {openvino.__version__.split('-')[0]}: lengths {lengths}")
print("expected: errors below 1e-5")
for name, values in errors.items():
    print(f"seen with {name}: {', '.join(f'{value:.0e}' for value in values)}")

runtimes = [errors["onnxruntime"], errors["openvino"]]
powers_are_fine = max(max(e[:2]) for e in [*runtimes, errors["scipy"]]) < 1e-5 and max(errors["scipy"]) < 1e-5
others_are_not = all(min(e[2:]) > 3e-5 and e[4] > 3e-4 for e in runtimes)
sys.exit(0 if powers_are_fine and others_are_not else "the behaviour has changed")
PYTHON
