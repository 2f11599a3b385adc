"""What accounts needs from outside, one noun a file."""
