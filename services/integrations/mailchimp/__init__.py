"""The MailChimp integrator: consents become subscribers there, and their unsubscribing an opt-out here."""
