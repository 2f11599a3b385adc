"""Ticket codes, the tickets and the paper around them; it decides about no seat."""
