"""One file a migration; the phase is in its name."""
