"""Numbers of the normal distribution that intervals and robust scales are made of."""

NINETY = 1.645
"""Standard deviations to each side that hold nine of ten values."""

MEDIAN_SIZE = 0.6745
"""Median size of values around 0, in standard deviations: the median of what is left, divided by it, is a standard
deviation that outliers hardly move."""
