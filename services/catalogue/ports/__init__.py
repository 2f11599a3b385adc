"""What the catalogue needs from outside, as protocols."""
