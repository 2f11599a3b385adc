"""What the catalogue knows about houses, plans and performances; pure."""
