"""The event bus: one contract (port.py), a Kafka adapter and a log in Postgres."""
