"""What webhooks does, in what order."""
