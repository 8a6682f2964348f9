"""Conductive particles on the pins of bonded panels: found, counted, judged, simulated and compared."""
