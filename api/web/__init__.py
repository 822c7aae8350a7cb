"""What a browser shows: the box for product pages, the demo shop, the lookup page of the staff."""
