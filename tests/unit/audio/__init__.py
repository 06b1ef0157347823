"""Sound is the oracle: known samples go in, and are looked for in what comes out."""
