"""What the book comes to, for people: tables, a page with charts, and a loan's story."""
