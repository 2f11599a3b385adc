"""Durable jobs (mail, documents, exports): added inside a transaction of ours, run at least once by a worker."""
