"""The page: well-formed, complete, harmless, the same every time."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from typing import Final

import pytest

from app.simulation.report import page as page_module
from app.simulation.report.drawing import LETTERS
from app.simulation.report.episodes import episodes
from app.simulation.report.life import Cause, Group, Lane, Life, Look, Mark, Span
from app.simulation.report.page import page
from tests.simulation.report.lives import DAY, NAME, START, Run, started

_VOID: Final = {"meta", "line", "rect", "circle"}
#: Attributes that make a browser load something.
_LOADING: Final = {"src", "srcset", "href", "xlink:href", "data", "action", "poster", "background"}
NASTY: Final = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></svg></style><b>x",
    "'; --> ]]> &amp; &#60; \x00 \x1b \ud800 \ufffe",
    "text\u2028with\u202eodd\tspaces\nand lines",
)


class Strict(HTMLParser):
    """Elements with their paths; an element that is not closed in its place is an error."""

    def __init__(self) -> None:
        """Nothing is open."""
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        self.elements["/".join((*self.open, tag))] += 1
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag}: an attribute twice"
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Shapes of SVG close themselves."""
        assert tag in _VOID
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element."""
        assert self.open, f"{tag} closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Text and the element that holds it."""
        if self.open:
            self.texts.append((self.open[-1], data))

    def within(self, tag: str) -> list[str]:
        """Texts of all elements of a name."""
        return [text for name, text in self.texts if name == tag]


def parsed(html: str) -> Strict:
    """Parse a page; everything must be closed at its end."""
    parser = Strict()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


def life_of(text: str) -> Life:
    """A small life all of whose texts are one."""
    spans = [Span(start=0.0, end=40.0, look=look, label=text, text=text) for look in Look]
    marks = [Mark(time=60.0 + n, causes=(cause,), text=text) for n, cause in enumerate(Cause)]
    lanes = tuple(Lane(group=group, name=text, spans=spans, marks=marks) for group in Group)
    return Life(
        namespace=text, cluster=text, start=START, seconds=100.0, phase=text, lanes=lanes, dropped=3
    )


def test_the_page_is_well_formed(html: str) -> None:
    """Each element is closed in its place, no attribute comes twice, ids are unique."""
    parser = parsed(html)
    assert parser.elements["html/body/main/section"] == 4
    ids = [value for _, name, value in parser.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    labels = {value for _, name, value in parser.attributes if name == "aria-labelledby"}
    assert labels <= set(ids)


def test_the_overview_has_every_lane(html: str, run: Run) -> None:
    """In their order, before the first episode."""
    life = run.recorder.life()
    overview = html[html.index('id="overview"') : html.index('id="episodes"')]
    names = re.findall(r'<div class="name">([^<]*)</div>', overview)
    assert names == ["Time since the start", *(lane.name for lane in life.lanes)]
    pods = {lane.name for lane in life.of(Group.PODS)}
    assert {name for name in run.account.pods if "dashboard" not in name} < pods


def test_every_mark_is_in_the_table_and_in_an_episode(html: str, run: Run) -> None:
    """In words; the picture says no more than they do."""
    life = run.recorder.life()
    parser = parsed(html)
    rows = Counter(parser.within("td"))
    found = episodes(life)
    for lane in life.lanes:
        for mark in lane.marks:
            assert rows[f"{', '.join(mark.causes)}: {mark.text}"] >= 1
            [episode] = [one for one in found if one.start <= mark.time <= one.end]
            assert lane in episode.lanes(life)
    drawn = "\n".join(parser.within("title"))
    assert all(mark.text in drawn for lane in life.lanes for mark in lane.marks)


def test_counts_are_those_of_the_events(html: str, run: Run) -> None:
    """In the summary and in the tables."""
    numbers = dict(zip(*(parsed(html).within(tag) for tag in ("dt", "dd")), strict=True))
    leaves = [len(found) for name, found in run.account.certificates.items() if "tls.crt" in name]
    assert int(numbers["Leaf certificates"]) == sum(leaves)
    first = len([name for name in run.account.pods if "dashboard" not in name]) + 1
    assert int(numbers["Restarts of pods"]) == run.account.pods.total() - first
    assert numbers["CA certificates"] == "2"
    assert numbers["Edits"] == "4"
    assert numbers["Broken rules"] == "0"
    assert numbers["Phase at the end"] == "Running"
    counts = html[html.index('id="counts"') : html.index('id="events"')]
    row = re.search(rf'<th scope="row">{NAME}-indexer-1</th><td[^>]*>(\d+)</td>', counts)
    assert row is not None
    assert int(row[1]) == run.account.pods[f"{NAME}-indexer-1"]


def test_the_page_asks_nobody(html: str) -> None:
    """No address, nothing that loads, and a policy that would refuse it."""
    parser = parsed(html)
    assert not re.search(r"https?:|//[a-z]|url\(|@import|\bimport\b|fetch\(", html)
    assert [found for found in parser.attributes if found[1] in _LOADING] == []
    assert not {"link", "img", "iframe", "object", "use"} & {tag for tag, _, _ in parser.attributes}
    [policy] = [value for _, name, value in parser.attributes if "default-src" in value]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not any(name == "style" or name.startswith("on") for _, name, _ in parser.attributes)


def test_no_secret_is_in_the_page(html: str, run: Run) -> None:
    """Neither as stored nor in plain text; of certificates not even the public PEM."""
    secrets = run.account.secrets()
    assert len(secrets) > 500
    assert [value for value in secrets if value in html] == []
    assert "-----BEGIN" not in html


@pytest.mark.parametrize("text", NASTY)
def test_every_text_is_escaped(text: str) -> None:
    """It makes no element and no attribute that a harmless one does not make."""
    plain, nasty = (parsed(page(life_of(one)).decode()) for one in ("plain", text))
    assert nasty.elements == plain.elements
    assert [found[:2] for found in nasty.attributes] == [found[:2] for found in plain.attributes]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", page(life_of(text)).decode())


def test_the_same_life_gives_the_same_bytes(html: str, run: Run) -> None:
    """Rendering adds nothing of its own."""
    assert page(run.recorder.life()).decode() == html


def test_the_same_run_gives_the_same_bytes() -> None:
    """With a seed; another seed draws other keys."""
    pages = []
    for seed in (1, 1, 2):
        run = started(seed=seed)
        run.engine.run_for(DAY)
        pages.append(page(run.recorder.life()))
    assert pages[0] == pages[1] != pages[2]


def test_what_was_dropped_is_said() -> None:
    """A report that is not complete must not look like one."""
    life = life_of("x")
    assert "3 further events are not shown" in page(life).decode()
    assert "further events" not in page(replace(life, dropped=0)).decode()


def test_a_run_in_which_nothing_happened() -> None:
    """An empty page is a page."""
    life = Life(namespace="n", cluster="c", start=START, seconds=0.0, phase="", lanes=())
    html = page(life).decode()
    parsed(html)
    assert "No pod was started." in html
    assert "<details>" in html


def test_pictures_of_episodes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is counted."""
    monkeypatch.setattr(page_module, "MOST_EPISODES", 2)
    marks = [Mark(time=n * DAY, causes=(Cause.EDIT,), text=f"edit {n}") for n in range(5)]
    lane = Lane(group=Group.CLUSTER, name="Edits", marks=marks)
    life = Life(namespace="n", cluster="c", start=START, seconds=5 * DAY, phase="", lanes=(lane,))
    html = page(life).decode()
    assert html.count('aria-label="Episode at ') == 2
    assert "3 later episodes" in html


def test_every_cause_has_a_letter() -> None:
    """One character each."""
    assert set(LETTERS) == set(Cause)
    assert {len(letter) for letter in LETTERS.values()} == {1}
