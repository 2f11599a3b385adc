"""What trackers is asked over gRPC and HTTP."""
