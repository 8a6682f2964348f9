"""Training the shipped net on from sharp images of one's own parts, and proving that it helps before it is written."""
