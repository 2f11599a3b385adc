"""What reporting counts: facts in, totals out. Pure."""
