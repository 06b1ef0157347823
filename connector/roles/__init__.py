"""The composition roots: settings to adapters to services. Nothing else names a concrete adapter."""
