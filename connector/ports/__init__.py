"""The borders of the house: one Protocol a file, each method stating its promise."""
