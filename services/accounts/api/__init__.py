"""The wire: balcon.accounts.v1."""
