"""What services agree on beside their protos: reasons, bounds, texts. Stands on the runtime, knows no service."""
