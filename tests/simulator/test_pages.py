"""Pages of lists, under every switch that makes them unreliable."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.api.pagination import OTHER_HOST
from simulator.behaviour.profiles import OBSERVED
from simulator.behaviour.switches import SWITCHES, Switches, SwitchValue
from tests.simulator.harness import Bench


def filled(count: int, profile: Switches = OBSERVED, **switches: SwitchValue) -> Bench:
    bench = Bench("Test", profile=profile, **switches)
    for number in range(count):
        bench.env().set_variable(f"KEY_{number}", "v")
    return bench


def get(bench: Bench, **query: int) -> dict[str, Any]:
    document: dict[str, Any] = bench.client.get(bench.variables(), params=query).json()
    return document


@given(
    links=st.sampled_from(SWITCHES["next_links"].choices),
    order=st.sampled_from(SWITCHES["list_order"].choices),
    count=st.sampled_from([0, 1, 2, 9, 10, 11, 25]),
    asked=st.integers(1, 12),
    largest=st.sampled_from([1, 3, 100]),
    numbered=st.booleans(),
    sized=st.booleans(),
)
def test_walking_by_page_number_sees_everything_once(
    *,
    links: str,
    order: str,
    count: int,
    asked: int,
    largest: int,
    numbered: bool,
    sized: bool,
) -> None:
    bench = filled(
        count,
        next_links=links,
        list_order=order,
        max_page_size=largest,
        page_has_number=numbered,
        page_has_pagelen=numbered,
        page_has_size=sized,
    )
    seen: list[str] = []
    number = 1
    while True:
        values = get(bench, pagelen=asked, page=number)["values"]
        if not values:
            break
        assert len(values) <= min(asked, largest)
        seen += [each["key"] for each in values]
        number += 1
    assert sorted(seen) == sorted(bench.env().variables)


@given(count=st.integers(0, 30), asked=st.integers(1, 7))
def test_following_right_links_sees_everything_once(*, count: int, asked: int) -> None:
    bench = filled(count)
    page = get(bench, pagelen=asked)
    seen = list(page["values"])
    while "next" in page:
        page = bench.client.get(page["next"]).json()
        seen += page["values"]
    assert [each["key"] for each in seen] == list(bench.env().variables)


def number_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["page"][0]


def test_next_may_be_missing_repeating_past_the_end_or_foreign() -> None:
    missing = filled(11, next_links="missing")
    assert "next" not in get(missing)
    repeating = filled(11, next_links="repeating")
    assert number_of(get(repeating)["next"]) == "1"
    assert "next" not in get(repeating, page=2)
    past = filled(11, next_links="past-the-end")
    assert number_of(get(past, page=2)["next"]) == "3"
    assert get(past, page=3)["values"] == []
    other = filled(11, next_links="other-host")
    link = get(other, pagelen=10)["next"]
    assert link.startswith(f"{OTHER_HOST}/2.0/repositories/acme/shop/")
    assert parse_qs(urlsplit(link).query) == {"pagelen": ["10"], "page": ["2"]}


def test_page_sizes() -> None:
    bench = filled(
        120,
        environment_pagelen_ignored=False,
        variable_page_size=4,
        environment_page_size=1,
        page_size_over_100="clamped",
    )
    bench.repo.add_environment("Other")
    assert len(get(bench)["values"]) == 4
    assert bench.listed() == ["Test"]
    assert get(bench, pagelen=500)["pagelen"] == 100
    strict = filled(1, page_size_over_100="refused", max_page_size=0)
    assert strict.client.get(strict.variables(), params={"pagelen": 100}).status_code == 200
    assert strict.client.get(strict.variables(), params={"pagelen": 101}).status_code == 400


def test_more_than_100_variables_a_page_lose_the_rest() -> None:
    bench = filled(120)
    page = get(bench, pagelen=1000)
    assert (len(page["values"]), page["size"], "next" in page) == (100, 100, False)
    assert (get(bench, pagelen=100)["size"], len(get(bench, pagelen=100, page=2)["values"])) == (
        120,
        20,
    )


@pytest.mark.parametrize(("second", "names"), [("empty", []), ("repeated", ["Test", "Other"])])
def test_up_to_100_environments_come_in_one_page_whatever_pagelen_says(
    second: str, names: list[str]
) -> None:
    bench = Bench("Test", "Other", environment_second_page=second)
    pages = [
        bench.client.get(bench.environments, params={"pagelen": 1, "page": number}).json()
        for number in (1, 2)
    ]
    shown = [[each["name"] for each in page["values"]] for page in pages]
    assert shown == [["Test", "Other"], names]
    assert "next" not in pages[0]


@pytest.mark.parametrize("query", ["page=0", "page=x", "pagelen=0", "pagelen=", "page=-1"])
def test_an_invalid_page_number_is_refused(query: str) -> None:
    bench = Bench("Test")
    assert bench.client.get(f"{bench.variables()}?{query}").status_code == 400


def test_the_keys_of_a_page_may_be_missing() -> None:
    switches = Switches(page_has_size=False, page_has_pagelen=False, page_has_number=False)
    assert set(get(filled(3, profile=switches))) == {"values"}


def test_a_shuffled_list_has_another_order_each_time() -> None:
    bench = filled(20, list_order="shuffled", variable_page_size=50)
    orders = {tuple(bench.keys()) for _ in range(5)}
    assert len(orders) > 1
    assert {tuple(sorted(order)) for order in orders} == {tuple(sorted(bench.env().variables))}
