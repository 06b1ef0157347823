"""Retry-After as servers write it: a number, a date, or something else."""

import pytest

from connector.storage.retry_after import retry_after_seconds

#: 26 June 2015, 23:39:12 UTC.
NOW = 1435361952.0


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 120 ", 120.0),
        ("Fri, 26 Jun 2015 23:40:12 GMT", 60.0),
        ("Fri, 26 Jun 2015 23:38:12 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("\u0667", None),
        ("Fri, 99 Jun 2015 99:40:12 GMT", None),
    ],
)
def test_a_number_of_seconds_or_a_date_is_understood_and_nothing_else(said: str, seconds: float | None) -> None:
    assert retry_after_seconds(said, NOW) == seconds
