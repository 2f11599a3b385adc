"""What is printed in a house's style: pages, typeface, local dates and money. Knows no service."""
