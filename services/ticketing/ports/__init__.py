"""What ticketing needs from outside, one noun a file."""
