"""Many images: a manifest of what is done, worker processes, a watched folder, summary and report."""
