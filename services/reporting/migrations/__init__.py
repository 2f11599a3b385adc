"""Reporting's migrations."""
