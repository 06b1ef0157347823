"""What every destination promises. To add a store: a Place for it, and a class that gives it to ObjectStoreContract."""

import pytest

pytest.register_assert_rewrite("tests.contract.storage.suite")
