"""What all tables of the catalogue share: where they are listed, and columns of the usual kinds."""

from sqlalchemy import Column, Double, MetaData, Text

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def text_column(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def moment_column(name: str) -> Column[float]:
    return Column(name, Double, nullable=False)


def moment_or_none_column(name: str) -> Column[float]:
    return Column(name, Double, nullable=True)
