"""How the catalogue's schema came to be, one revision a file. A released revision is never edited."""
