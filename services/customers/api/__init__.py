"""gRPC: messages to the domain and back. No rules."""
