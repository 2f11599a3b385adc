"""Mail by SMTP or into a folder, for every service that writes to people."""
