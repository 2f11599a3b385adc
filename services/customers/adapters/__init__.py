"""What stands behind the ports: PostgreSQL, the bus, other services."""
