"""The seat map and its rules: pure, no clock, no I/O."""
