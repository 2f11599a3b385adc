"""The local stack: embedded servers, databases, migrations and supervised service processes on one machine."""
