"""The reports there are: each asks the figures of one house and tells them as rows, totals and charts."""
