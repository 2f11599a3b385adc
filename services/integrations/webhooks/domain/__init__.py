"""The rules of webhooks; knows nothing of stores and wires."""
