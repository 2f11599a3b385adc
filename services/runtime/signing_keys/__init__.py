"""Keys that sign for a deployment, one after the other: when each signs, and their rows."""
