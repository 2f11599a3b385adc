"""The rules of mailchimp; knows nothing of stores and wires."""
