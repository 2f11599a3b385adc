"""Payments and refunds as pure values: states, reports, changes. No provider, clock or database."""
