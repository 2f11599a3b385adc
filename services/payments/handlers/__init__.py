"""What payments does: creates, cancels, refunds, and pursues whatever is not known yet."""
