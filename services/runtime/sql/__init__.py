"""SQL engines and migrations."""
