"""PostgreSQL, argon2, keys, mail."""
