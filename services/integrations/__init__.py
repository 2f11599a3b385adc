"""Outside systems fed from events: platform exporter, trackers, mailing lists."""
