"""Carts, orders, tickets and the checkout saga."""
