"""The on-sale of `balcon demo`: the house it sets up, the buyers it lets loose, what it counts."""
