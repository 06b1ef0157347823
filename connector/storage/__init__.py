"""Destinations: each store behind the one small interface of ports.object_store, and decorators with that interface."""
