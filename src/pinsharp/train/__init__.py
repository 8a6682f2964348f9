"""Training: one TOML file, one loop, three kinds of stage (eq. 4 to 6 of the paper), exact resume."""
