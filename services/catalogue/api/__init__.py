"""The catalogue's gRPC face: wire messages in, refusals out."""
