"""What the tests need of the processor."""

import pytest
import torch

KNOWS_BFLOAT16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
"""Whether oneDNN, which PyTorch and OpenVINO compute with, has bfloat16 here."""

needs_bfloat16 = pytest.mark.skipif(not KNOWS_BFLOAT16, reason="oneDNN has no bfloat16 on this processor")
