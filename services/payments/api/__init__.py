"""gRPC for services, HTTP for providers' webhooks."""
