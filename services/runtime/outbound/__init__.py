"""What goes to outside companies: a queue for each house and target, and a ledger of every exchange."""
