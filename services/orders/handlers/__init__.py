"""What is done with orders: the desk that answers requests, the saga that carries orders to their end."""
