"""The wire: balcon.ticketing.v1."""
