"""Image corpora, training crops, synthetic defocus and test sets."""
