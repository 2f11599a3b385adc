"""Pure rules of customers and consents: no I/O, no clock."""
