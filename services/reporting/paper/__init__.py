"""Reports on paper: their words, and from keys to what is written."""
