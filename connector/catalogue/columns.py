"""What all tables of the catalogue share: where they are listed, and columns of the usual kinds."""

from sqlalchemy import Column, ColumnElement, Double, MetaData, Text, func

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


def without_index(column: ColumnElement[str]) -> ColumnElement[str]:
    """The same as an expression, of which there is no index. For a question within another row's: to SQLite, which has
    no statistics, the index of a state is as good as that of the row's own id, and then it reads all rows in that
    state, for each row anew."""
    return func.coalesce(column, "")
