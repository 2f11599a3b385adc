"""Web trackers: what a shop's pages and we ourselves tell Meta, Google and X about a purchase."""
