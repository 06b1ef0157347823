"""Adapters of the durable engine: they know queues and processes, and nothing of what the steps do."""
