"""Balcon's services. They meet in protos/ only and stand on services.runtime."""
