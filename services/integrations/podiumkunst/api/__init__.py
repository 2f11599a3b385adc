"""What podiumkunst is asked over gRPC and HTTP."""
