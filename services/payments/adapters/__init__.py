"""Providers and stores behind the ports."""
