"""Networks outside of PyTorch: files for ONNX Runtime and OpenVINO, whose parity is checked, and which one is fastest.

Only convolutions leave PyTorch. Estimator, Wiener bank and everything else that is Fourier transforms stays there; what
they need travels in the same file.
"""
