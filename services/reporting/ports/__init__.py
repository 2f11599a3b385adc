"""What reporting needs of the outside, as protocols."""
