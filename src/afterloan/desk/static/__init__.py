"""Files that pages load; nothing is fetched from elsewhere."""
