"""Customers of houses: who they are, what they have consented to, and how they are told and removed."""
