"""gRPC server and client as every service uses them."""
