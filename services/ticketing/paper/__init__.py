"""The PDFs that a house prints: plain values in, bytes out. Nothing here asks a service, a file or a clock."""
