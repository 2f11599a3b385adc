"""What payments does: creates, cancels, refunds, and asks again about whatever is not known yet."""
