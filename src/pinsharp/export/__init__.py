"""Files of networks for other runtimes."""
