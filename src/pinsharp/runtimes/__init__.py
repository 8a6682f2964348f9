"""Networks outside of PyTorch: ONNX Runtime and OpenVINO behind one call, their parity, and which one is fastest.

Only convolutions leave PyTorch. Estimator, Wiener bank and everything else that is Fourier transforms stays there.
"""
