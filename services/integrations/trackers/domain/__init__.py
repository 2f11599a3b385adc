"""The rules of trackers; knows nothing of stores and wires."""
