"""Who may call: tokens and their keys, and the one interceptor that enforces what the protos declare."""
