"""Blur physics: kernels, the blur operator and its adjoint, sensor noise."""
