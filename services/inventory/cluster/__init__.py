"""Which node owns which performance."""
