"""The inventory's migrations."""
