"""What clients are generated from: every operation has a name, in one manner, and for good."""

import re

from connector.web.openapi import description
from tests.api.examples import routes
from tests.api.site import Site

_SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
#: Of what is described only by the page that links to it, or describes itself.
_UNDESCRIBED = {
    ("GET", "/openapi.json"),
    ("GET", "/files/{recording_id}/{kind}"),
    ("HEAD", "/files/{recording_id}/{kind}"),
    ("HEAD", "/v1/calls/{call_id}/recording/stream"),
    ("HEAD", "/v1/recordings/{recording_id}/stream"),
}


async def test_every_operation_has_a_name_of_its_own_in_snake_case(quick_site: Site) -> None:
    names = [one["operationId"] for methods in _paths(quick_site).values() for one in methods.values()]
    assert [name for name in names if not _SNAKE_CASE.fullmatch(name)] == []
    assert sorted(names) == sorted(set(names))


async def test_names_do_not_follow_the_functions_or_the_paths(quick_site: Site) -> None:
    # What FastAPI makes up ends with the path and the method: it would change with either.
    for path, methods in _paths(quick_site).items():
        made_up = re.sub(r"\W", "_", path).strip("_")
        for method, one in methods.items():
            assert not one["operationId"].endswith(f"{made_up}_{method}"), path


async def test_every_route_is_described_but_for_a_few(quick_site: Site) -> None:
    described = {(method.upper(), path) for path, methods in _paths(quick_site).items() for method in methods}
    found = {(method, path.replace(":path}", "}")) for method, path in routes(quick_site.app)}
    assert found - described == _UNDESCRIBED
    assert described <= found


def _paths(site: Site) -> dict[str, dict[str, dict[str, str]]]:
    paths: dict[str, dict[str, dict[str, str]]] = description(site.app)["paths"]
    return paths
