"""Totals over gRPC, and the audit."""
