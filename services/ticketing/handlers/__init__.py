"""What ticketing does, one module a subject."""
