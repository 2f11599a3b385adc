"""Payments and refunds at outside providers; uncertain is not failed."""
