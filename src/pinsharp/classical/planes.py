"""A walk over images and channels, for methods that know only one plane as an array."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor


def each_plane(restore: Callable[[np.ndarray, np.ndarray], np.ndarray], images: Tensor, kernels: Tensor) -> Tensor:
    """Apply a function of two arrays, (H, W) and (K, K), to each channel of each image.

    Args:
        restore: The function; both arrays are float64 if the images are, float32 otherwise. The result may be larger
            or smaller.
        images: Images (B, C, H, W), on any device.
        kernels: Kernels (B or 1, 1, K, K).

    Returns:
        Images (B, C, H', W') on the device of `images`.
    """
    dtype = torch.float64 if images.dtype == torch.float64 else torch.float32
    planes = images.detach().to("cpu", dtype).numpy()
    tables = kernels.detach().to("cpu", dtype).expand(len(images), 1, -1, -1).numpy()
    restored = [[restore(plane, table) for plane in image] for image, (table,) in zip(planes, tables, strict=True)]
    return torch.from_numpy(np.asarray(restored)).to(images.device, dtype)
