"""gRPC in front of the handlers: reads and bounds requests, writes answers. No business rules."""
