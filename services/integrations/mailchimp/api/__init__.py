"""What mailchimp is asked over gRPC and HTTP."""
