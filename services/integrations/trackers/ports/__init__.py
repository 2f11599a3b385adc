"""What trackers needs from outside."""
