"""The read model in Postgres, and events as facts."""
