"""HTTP: parse, authorise, delegate. Speaks to services and ports only."""
