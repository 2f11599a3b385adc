"""What stands behind the ports of podiumkunst."""
