"""Restoring images: one recipe, one source of pixels, one way through."""
