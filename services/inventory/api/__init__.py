"""The gRPC face of the inventory."""
