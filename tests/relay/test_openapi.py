"""The service's own description, taken at its word: whatever is asked, it never breaks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode

from sda.relay.access import answer_challenge
from tests.relay.services import Service, service

MODES = {"as described": GenerationMode.POSITIVE, "otherwise": GenerationMode.NEGATIVE}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose round is published, so that there is something to find."""
    with service(tmp_path_factory.mktemp("fuzzed")) as found:
        found.world.contribute_all()
        found.world.close()
        yield found


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_any_request__gets_an_answer_and_no_server_error(published: Service, mode: GenerationMode) -> None:
    world = published.world
    developer = answer_challenge(
        world.domain, world.developer, world.view.round_hash, published.http.get("/challenge").content
    )
    rounds = st.sampled_from([world.view.round_hash.hex(), "00" * 32, None])
    accounts = st.sampled_from([world.contributors[0].key.account.address.hex(), None])
    signed = st.sampled_from([{}, {"Authorization": developer}])
    schema = schemathesis.openapi.from_url(f"{published.url}/openapi.json")
    names = []
    examples = settings.default.max_examples // 4
    for found in schema.get_all_operations():
        operation = found.ok()
        names.append(operation.label)
        if mode is GenerationMode.NEGATIVE and not list(operation.iter_parameters()):
            continue  # nothing is described that could be otherwise

        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy(generation_mode=mode), rounds, accounts, signed)
        def ask(case: Case, round_hash: str | None, account: str | None, headers: dict[str, str]) -> None:
            for name, real in (("round_hash", round_hash), ("account", account)):
                if real and name in case.path_parameters:
                    case.path_parameters[name] = real
            answer = case.call(headers=headers)
            assert answer.status_code < 500, f"{case.as_curl_command()}: {answer.text}"
            if answer.status_code >= 400 and answer.status_code not in (404, 405, 422):
                assert set(answer.json()) == {"reason", "detail"}

        ask()
    routes = [route for route in published.app.routes if isinstance(route, APIRoute)]
    assert sorted(names) == sorted(f"{method} {route.path}" for route in routes for method in route.methods)
    assert published.count() == len(world.contributors)
    assert world.relay.job(world.view.round_hash, 0).snapshot.count == len(world.contributors)
