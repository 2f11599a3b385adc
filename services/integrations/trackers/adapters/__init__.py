"""What stands behind the ports of trackers."""
