"""A list is complete, and costs no request that is not needed."""

from collections.abc import Callable, Iterable

import pytest
from msgspec.structs import replace

from pipe.bitbucket.pagination import Incomplete, ListReader, Page, page_parser
from pipe.bitbucket.requests import Answer, Json, Rejected, UnparseableError
from pipe.process.parallel import map_parallel

pytestmark = pytest.mark.promise("P4", "P14")

Pages = Callable[[int], Page[str]]


def read(
    pages: Pages, *, paginated: bool = True
) -> tuple[tuple[str, ...] | Rejected | Incomplete, list[int]]:
    """Read a list to its end; return what came of it, and which pages were asked for."""
    asked: list[int] = []

    def fetch(number: int) -> Page[str]:
        asked.append(number)
        return pages(number)

    return ListReader(fetch=fetch, identity=str, paginated=paginated).read(), asked


def names(count: int) -> tuple[str, ...]:
    return tuple(f"n{index}" for index in range(count))


def served(
    values: tuple[str, ...],
    *,
    cap: int = 100,
    size: bool = True,
    length: bool = True,
    has_next: Callable[[int, int], bool] = lambda number, last: number < last,
) -> Pages:
    last = -(-len(values) // cap)
    return lambda number: Page(
        values=values[(number - 1) * cap : number * cap],
        size=len(values) if size else None,
        length=cap if length else None,
        has_next=has_next(number, last),
    )


@pytest.mark.parametrize("count", [0, 1, 10, 11, 99, 100, 101, 250])
@pytest.mark.parametrize("cap", [3, 10, 50, 100])
@pytest.mark.parametrize("size", [True, False])
@pytest.mark.parametrize("length", [True, False])
@pytest.mark.parametrize("next_is", [True, False, None])
def test_every_list_is_complete(
    *, count: int, cap: int, size: bool, length: bool, next_is: bool | None
) -> None:
    values = names(count)
    pages = served(
        values,
        cap=cap,
        size=size,
        length=length,
        has_next=lambda number, last: number < last if next_is is None else next_is,
    )

    step, asked = read(pages)

    assert step == values
    assert len(asked) <= -(-count // cap) + 1


@pytest.mark.parametrize("count", [0, 1, 10, 99, 100])
@pytest.mark.parametrize("has_next", [True, False])
def test_one_request_is_enough_where_size_says_so_and_no_next_denies_it(
    *, count: int, has_next: bool
) -> None:
    pages = served(names(count), length=False, has_next=lambda _number, _last: has_next)

    asked = [1, 2] if has_next and count else [1]
    assert read(pages) == (names(count), asked)


@pytest.mark.parametrize("length", [True, False])
def test_a_size_that_counts_one_page_ends_no_list_that_has_a_next(*, length: bool) -> None:
    complete = served(names(25), cap=10, length=length)

    def pages(number: int) -> Page[str]:
        page = complete(number)
        return replace(page, size=len(page.values))

    assert read(pages) == (names(25), [1, 2, 3] if length else [1, 2, 3, 4])


def test_a_service_that_ignores_the_page_is_asked_twice() -> None:
    """One answer holds up to 100 values, whatever `pagelen` says, and `page=2` repeats them."""
    page = Page(values=names(40), length=10, has_next=True)

    assert read(lambda _: page) == (names(40), [1, 2])


def test_a_page_of_ten_does_not_come_twice_by_chance() -> None:
    page = Page(values=names(10), has_next=True)

    assert read(lambda _: page) == (names(10), [1, 2])


def test_a_size_that_only_the_first_page_states_holds_for_all() -> None:
    short = served(names(20), cap=10, size=False)

    def pages(number: int) -> Page[str]:
        return replace(short(number), size=25) if number == 1 else short(number)

    assert read(pages)[0] == Incomplete(20, 25)


def test_a_length_of_nothing_is_ignored() -> None:
    assert read(lambda _: Page(values=names(2), size=2, length=0)) == (names(2), [1])
    page: Page[str] = Page(size=2, length=0)
    assert read(lambda _: page) == (Incomplete(0, 2), [1, 1, 1])


@pytest.mark.parametrize(
    ("workers", "together"),
    [(1, [[1], [2], [3], [4], [5]]), (3, [[1], [2, 3, 4], [5]]), (9, [[1], [2, 3, 4, 5]])],
)
def test_as_many_pages_are_fetched_together_as_there_are_workers_if_the_first_is_full(
    monkeypatch: pytest.MonkeyPatch, workers: int, together: list[list[int]]
) -> None:
    found: list[list[int]] = []

    def spy(
        fetch: Callable[[int], Page[str]], numbers: Iterable[int], *, workers: int
    ) -> list[Page[str]]:
        found.append([*numbers])
        return map_parallel(fetch, found[-1], workers=workers)

    monkeypatch.setattr("pipe.bitbucket.pagination.map_parallel", spy)
    values = names(45)
    reader = ListReader(fetch=served(values, cap=10), identity=str, workers=workers)

    assert reader.read() == values
    assert found == together

    found.clear()
    short = served(values, cap=10)

    def pages(number: int) -> Page[str]:
        return replace(short(number), length=20)

    assert ListReader(fetch=pages, identity=str, workers=workers).read() == values
    assert found == [[1], [2], [3], [4], [5]]


@pytest.mark.parametrize("count", [0, 1, 10, 99])
def test_one_request_is_enough_where_the_page_length_says_so(count: int) -> None:
    assert read(served(names(count), size=False)) == (names(count), [1])


def test_a_next_that_contradicts_the_page_length_is_followed_up() -> None:
    """The page claims room for 100 and holds 10, but says that there is more: there is."""
    values = names(25)
    complete = served(values, cap=10, size=False)

    def pages(number: int) -> Page[str]:
        page = complete(number)
        return Page(values=page.values, length=100, has_next=page.has_next)

    assert read(pages) == (values, [1, 2, 3])


def test_a_page_without_numbers_may_be_cut_anywhere() -> None:
    """Two values and nothing else: a service that cuts pages could have cut after two."""
    bare = served(names(2), size=False, length=False)

    assert read(bare) == (names(2), [1, 2])


@pytest.mark.parametrize("count", [0, 1, 2, 10, 100])
def test_a_list_without_pages_is_read_with_one_request(count: int) -> None:
    bare = served(names(count), size=False, length=False)

    assert read(bare, paginated=False) == (names(count), [1])


@pytest.mark.parametrize("given", ["size", "length", "next"])
def test_a_list_without_pages_that_has_pages_after_all_is_read_whole(given: str) -> None:
    pages = served(
        names(25),
        cap=10,
        size=given == "size",
        length=given == "length",
        has_next=lambda _number, _last: given == "next",
    )

    assert read(pages, paginated=False)[0] == names(25)


def test_values_are_kept_as_they_came_last() -> None:
    """`a` moved to the second page between two requests; then what had moved it was gone."""
    pages = iter(
        [
            (1, Page(values=(("a", 1), ("b", 1)), length=2)),
            (2, Page(values=(("b", 2),), length=2)),
            (1, Page(values=(("a", 3), ("b", 3)), length=2)),
            (2, Page(length=2)),
        ]
    )

    def fetch(number: int) -> Page[tuple[str, int]]:
        asked, page = next(pages)
        assert asked == number
        return page

    assert ListReader(fetch=fetch, identity=lambda value: value[0]).read() == (("a", 3), ("b", 3))


def test_a_value_twice_on_one_page_counts_once() -> None:
    assert read(lambda _: Page(values=("a", "a"), length=10)) == (("a",), [1])


def test_a_size_below_what_came_is_not_believed() -> None:
    values = names(23)
    complete = served(values, size=False, length=False)

    def pages(number: int) -> Page[str]:
        return Page(values=complete(number).values, size=10)

    assert read(pages) == (values, [1, 2])


def orders(*lists: Iterable[str], cap: int, size: int | None = None) -> Pages:
    """Serve one list after the other, one each request, as if the order changed in between."""
    rest = iter([tuple(each) for each in lists])

    def pages(number: int) -> Page[str]:
        return Page(values=next(rest)[(number - 1) * cap : number * cap], size=size)

    return pages


@pytest.mark.parametrize("size", [3, None])
def test_what_slips_through_a_changing_order_is_looked_for_again(size: int | None) -> None:
    pages = orders("abc", "bca", "bca", "cab", "abc", "cab", cap=2, size=size)

    step, asked = read(pages)

    assert isinstance(step, tuple)
    assert sorted(step) == ["a", "b", "c"]
    assert asked[:3] == [1, 2, 3] if size is None else [1, 2, 1]


def test_the_same_page_twice_may_be_chance() -> None:
    pages = orders("abcd", "cdab", "abcd", "abcd", "abcd", cap=2)

    step, asked = read(pages)

    assert step == ("a", "b", "c", "d")
    assert asked == [1, 2, 3, 1, 2]


def test_the_same_page_again_and_again_is_the_last() -> None:
    """A service that returns its last page for any later one."""
    complete = served(names(15), cap=10, size=False, length=False)

    step, asked = read(lambda number: complete(min(number, 2)))

    assert step == names(15)
    assert len(asked) == 7


def test_a_list_that_stays_short_is_no_list() -> None:
    step, asked = read(lambda number: Page(values=names(9) if number == 1 else (), size=10))

    assert step == Incomplete(9, 10)
    assert asked == [1, 2] * 3


def test_a_list_that_changes_its_order_for_ever_is_looked_through_many_times() -> None:
    def pages(number: int) -> Page[str]:
        return Page(values=("a", "b") if number == 1 else ("b",) if number == 2 else (), size=4)

    step, asked = read(pages)

    assert step == Incomplete(2, 4)
    assert asked == [1, 2, 3] * 20


def test_an_order_that_changed_once_is_remembered() -> None:
    """The passes after it continue, even if no value came twice in them."""
    served_in_order = iter(
        [("a", "b"), ("b", "c"), (), ("a", "b"), ("c",), (), ("a", "b"), ("c",), (), ("d",)]
    )

    values, asked = read(lambda _: Page(values=next(served_in_order), size=4))

    assert values == ("a", "b", "c", "d")
    assert asked == [1, 2, 3] * 3 + [1]


def test_a_list_without_end_is_given_up() -> None:
    step, asked = read(lambda number: Page(values=(f"n{number}",)))

    assert step == Incomplete(1000, None)
    assert asked == list(range(1, 1001))


def parse(body: bytes) -> Page[str]:
    def text(value: Json) -> str:
        assert isinstance(value, str)
        return value

    return page_parser(text)(Answer(200, {}, body))


def test_a_page_is_read() -> None:
    body = b'{"values": ["a"], "size": 3, "pagelen": 10, "page": 1, "next": "https://x", "new": {}}'

    assert parse(body) == Page(values=("a",), size=3, length=10, has_next=True)


@pytest.mark.parametrize("nonsense", ["true", "-1", '"3"', "3.0", "null", "[]", "1e999"])
def test_numbers_that_are_none_are_not_given(nonsense: str) -> None:
    body = f'{{"values": [], "size": {nonsense}, "pagelen": {nonsense}, "next": {nonsense}}}'

    page = parse(body.encode())

    assert (page.size, page.length) == (None, None)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"values": {}}', b'{"values": null}', b"<p>"]
)
def test_what_is_no_page_is_unparseable(body: bytes) -> None:
    with pytest.raises(UnparseableError):
        parse(body)
