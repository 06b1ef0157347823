"""Every table of the catalogue: who has METADATA from here has the list whole."""

from connector.catalogue import account_tables, people_tables, tables
from connector.catalogue.columns import METADATA

__all__ = ["METADATA", "account_tables", "people_tables", "tables"]
