"""What podiumkunst needs from outside."""
