"""Each module that is missing is named with what does not work without it."""

import pytest

from connector.domain.diagnosis import Level
from connector.pbx.asterisk.modules import MODULES, Module, module_findings, wanted_modules


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_that_is_not_loaded_is_named_with_what_is_missing(module: Module) -> None:
    wanted = wanted_modules(with_ari=True)
    (found, *_) = module_findings(wanted, {one.name for one in wanted} - {module.name})
    assert (found.level, module.name in found.what, module.name in found.mend) == (module.level, True, True)


def test_nothing_is_said_of_ari_where_there_is_none() -> None:
    wanted = wanted_modules(with_ari=False)
    (found,) = module_findings(wanted, {one.name for one in wanted})
    assert found.level is Level.OK
    assert not any("ari" in one.name for one in wanted)
