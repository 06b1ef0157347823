"""The catalogue (the only SQL in the house) and the capture journal that feeds it."""
