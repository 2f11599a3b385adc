"""What mailchimp does, in what order."""
