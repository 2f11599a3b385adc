"""What podiumkunst does, in what order."""
