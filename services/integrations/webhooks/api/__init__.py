"""What webhooks is asked over gRPC and HTTP."""
