"""Real Valkey, PostgreSQL and Kafka as child processes on 127.0.0.1, for one machine and for tests."""
