"""A load generator on its own: open-loop arrivals on one hall, latencies without coordinated omission."""
