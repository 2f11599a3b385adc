"""The rules of podiumkunst; knows nothing of stores and wires."""
