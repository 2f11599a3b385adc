"""Read models built from events; never a source of truth."""
