"""The orders database over time."""
