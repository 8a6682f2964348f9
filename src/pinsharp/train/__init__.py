"""Training: one TOML file, one loop, four kinds of stage (eq. 4 to 6 of the paper, and end to end), exact resume."""
