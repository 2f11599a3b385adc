"""What accounts does, one module a subject."""
