"""The outside world behind the ports: Postgres, the other services over gRPC, and in-memory twins."""
