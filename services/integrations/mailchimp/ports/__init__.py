"""What mailchimp needs from outside."""
