"""Measurements: ratios within one run on one machine, never a pass or a fail."""
