"""Simulated cameras: training pairs that have gone the way of light, from a sharp scene to a file."""
