"""What trackers does, in what order."""
