"""Tickets for the wallets of telephones: Apple's signed bundles, Google's signed links."""
