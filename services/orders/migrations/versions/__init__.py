"""One file a step, the phase in its name."""
