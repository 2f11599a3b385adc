"""Letters to buyers: pure values in, text, HTML and calendar files out."""
