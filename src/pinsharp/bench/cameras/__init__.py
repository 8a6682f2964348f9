"""Methods on simulated cameras, with the true kernel and without."""
