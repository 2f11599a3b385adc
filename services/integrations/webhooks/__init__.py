"""Outbound webhooks: what happens in a house is told to the addresses that it names."""
