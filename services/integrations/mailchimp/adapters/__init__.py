"""What stands behind the ports of mailchimp."""
