"""One call for whatever deblurs: `method(image, kernel=None) -> Deblurred(image, kernel, estimate)`.

Classical methods and networks stand side by side in `METHODS`, and every one of them works blind: what measures no blur
itself borrows the measurement of the shipped `swift`. `load_method` makes a method from its name or a weights file.
"""

from pinsharp.blur.continuation import Read
from pinsharp.methods.borrowing import EndToEndMethod, NonBlindNetMethod
from pinsharp.methods.classical import SolverMethod
from pinsharp.methods.devices import (
    PRECISIONS,
    Precision,
    choose_dtype,
    find_device,
    has_native_bfloat16,
)
from pinsharp.methods.method import (
    MIN_BLIND_SIDE,
    BlindMethod,
    Deblurred,
    Estimator,
    KernelFrom,
    Kind,
    Lender,
    Method,
    RestoreWindow,
    SampledMethod,
    WindowedMethod,
    check_takes_kernel,
    takes_kernel,
)
from pinsharp.methods.network import NetMethod, net_method
from pinsharp.methods.runtimes import RUNTIMES, Runtime
from pinsharp.methods.selfdeblur import SelfDeblurMethod
from pinsharp.methods.shipped import ShippedSwift
from pinsharp.methods.table import DEFAULT_METHOD, METHODS, MethodInfo, find_method, load_method, method_table

__all__ = [
    "DEFAULT_METHOD",
    "METHODS",
    "MIN_BLIND_SIDE",
    "PRECISIONS",
    "RUNTIMES",
    "BlindMethod",
    "Deblurred",
    "EndToEndMethod",
    "Estimator",
    "KernelFrom",
    "Kind",
    "Lender",
    "Method",
    "MethodInfo",
    "NetMethod",
    "NonBlindNetMethod",
    "Precision",
    "Read",
    "RestoreWindow",
    "Runtime",
    "SampledMethod",
    "SelfDeblurMethod",
    "ShippedSwift",
    "SolverMethod",
    "WindowedMethod",
    "check_takes_kernel",
    "choose_dtype",
    "find_device",
    "find_method",
    "has_native_bfloat16",
    "load_method",
    "method_table",
    "net_method",
    "takes_kernel",
]
