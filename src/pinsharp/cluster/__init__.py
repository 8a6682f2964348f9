"""Many images on many machines: a pool of Ray actors, inputs and results in folders or object stores."""
