"""The Hugging Face Hub's list of models, in the shape in which it was seen, and every trap of its."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from pipelines.fake_providers import faults
from pipelines.fake_providers.huggingface import FakeHuggingFace, model
from pipelines.fake_providers.server import Fault
from pipelines.sources import huggingface_models
from pipelines.sources.huggingface_models import HuggingFaceModels
from pipelines.sources.live import Outcome
from pipelines.sources.news import NewsRequest
from tests.recorded.asking_news import HOSTILE, NOON, ask, asking, at, attributes, check

V3 = model(1, "deepseek-ai/DeepSeek-V3", at("2024-12-25 12:52:23"), likes=13404)
R1 = model(2, "deepseek-ai/DeepSeek-R1", at("2025-01-20 03:46:07"))


@pytest.fixture
def server() -> Iterator[FakeHuggingFace]:
    """Start a fake Hub."""
    with FakeHuggingFace([V3, R1, model(3, "meta-llama/Llama-3.3-70B", at("2024-11-26"))]) as server:
        yield server


def test_a_model_is_public_from_when_it_was_first_seen(server: FakeHuggingFace) -> None:
    """Its repository was made earlier, and nobody knows whether it was private."""
    answer = ask(HuggingFaceModels, server, "deepseek-ai")
    assert answer.items["title"].to_list() == ["deepseek-ai/DeepSeek-R1", "deepseek-ai/DeepSeek-V3"]
    item = answer.items.row(1, named=True)
    assert item["item_id"] == f"{1:024x}"
    assert item["url"] == "https://huggingface.co/deepseek-ai/DeepSeek-V3"
    assert item["occurred_at"] == at("2024-12-25 12:52:23")
    assert item["available_at"] == NOON
    assert (item["time_basis"], item["kind"], item["publisher"]) == ("first_seen", "model_release", "deepseek-ai")
    assert attributes(answer, 1)["likes"] == 13404
    assert attributes(answer, 1)["sha"] == f"{1:040x}"


def test_pages_follow_the_cursor_where_the_first_was_asked_for(
    server: FakeHuggingFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the address in Link nothing counts but the cursor."""
    monkeypatch.setattr(huggingface_models, "PER_PAGE", 2)
    server.models = [model(n, f"deepseek-ai/m{n}", at("2025-01-01") + timedelta(hours=n)) for n in range(5)]
    base, elsewhere = server.base_url, "http://169.254.169.254"
    honest = server._json

    def lying(data: object, headers: dict[str, str] | None = None, status: int = 200) -> object:
        moved = {name: text.replace(base, elsewhere) for name, text in (headers or {}).items()}
        return honest(data, moved, status)

    monkeypatch.setattr(server, "_json", lying)
    answer = ask(HuggingFaceModels, server, "deepseek-ai")
    assert answer.items["title"].to_list() == [f"deepseek-ai/m{n}" for n in (4, 3, 2, 1, 0)]
    assert answer.extra["pages"] == "3"


def test_a_window_is_one_of_creation_and_pages_before_it_are_not_asked_for(
    server: FakeHuggingFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest come first."""
    monkeypatch.setattr(huggingface_models, "PER_PAGE", 2)
    server.models = [model(n, f"deepseek-ai/m{n}", at("2025-01-01") + timedelta(days=n)) for n in range(9)]
    answer = ask(HuggingFaceModels, server, "deepseek-ai", at("2025-01-06"), at("2025-01-07"))
    assert answer.items["title"].to_list() == ["deepseek-ai/m6", "deepseek-ai/m5"]
    assert len(server.log) == 3


def test_a_rename_and_an_edit_are_versions_of_one_item(server: FakeHuggingFace) -> None:
    """`_id` stays."""
    before = ask(HuggingFaceModels, server, "deepseek-ai").items
    server.models[1] = {**R1, "id": "deepseek-ai/R1", "lastModified": "2025-03-27T04:01:59.000Z"}
    after = ask(HuggingFaceModels, server, "deepseek-ai").items
    assert before["item_id"].to_list() == after["item_id"].to_list()
    assert after["title"][0] == "deepseek-ai/R1"
    assert after["occurred_at"][0] == before["occurred_at"][0]


def test_repositories_that_are_older_than_the_field_have_no_time(server: FakeHuggingFace) -> None:
    """They all show one instant of March 2022."""
    server.models = [model(1, "old/bert", at("2022-03-02 23:29:04"))]
    item = ask(HuggingFaceModels, server, "old").items.row(0, named=True)
    assert item["occurred_at"] is None
    assert (item["time_text"], item["precision"]) == ("2022-03-02T23:29:04.000Z", None)
    assert ask(HuggingFaceModels, server, "old", at("2022-01-01")).outcome is Outcome.EMPTY


def test_commits_say_what_was_uploaded_when(server: FakeHuggingFace) -> None:
    """The weights of DeepSeek-V3 came a day after its repository; a gated model keeps its commits to itself."""
    server.commits["deepseek-ai/DeepSeek-V3"] = [
        {"id": "b", "title": "Release DeepSeek-V3", "date": "2024-12-26T11:01:57.000Z", "authors": []},
        {"id": "a", "title": "initial commit", "date": "2024-12-25T12:52:23.000Z", "authors": []},
    ]
    answer = ask(HuggingFaceModels, server, "deepseek-ai", with_commits=True)
    assert attributes(answer, 1)["commits"] == [
        {"date": "2024-12-25T12:52:23.000Z", "title": "initial commit"},
        {"date": "2024-12-26T11:01:57.000Z", "title": "Release DeepSeek-V3"},
    ]
    assert attributes(answer, 0)["commits"] == []
    assert "commits" not in attributes(ask(HuggingFaceModels, server, "deepseek-ai"))


def test_commits_that_cannot_be_had_leave_the_answer_unmeasured(server: FakeHuggingFace) -> None:
    """Throttled is not without commits."""
    server.arm(faults.throttled(), "/api/models/deepseek-ai")
    assert ask(HuggingFaceModels, server, "deepseek-ai", with_commits=True).outcome is Outcome.THROTTLED


def test_when_the_last_request_of_a_window_is_spent_the_next_waits_for_its_end(
    server: FakeHuggingFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the header RateLimit says; the fake's window begins anew when somebody has waited."""
    monkeypatch.setattr(huggingface_models, "PER_PAGE", 1)
    server.left, server.until = 1, 90
    with asking(HuggingFaceModels, server) as source:
        clock = source._client.clock  # type: ignore[attr-defined]
        sleep = clock.sleep

        def renewed(seconds: float) -> None:
            sleep(seconds)
            server.left = 500

        monkeypatch.setattr(clock, "sleep", renewed)
        answer = check(source.fetch(NewsRequest("deepseek-ai")))
    assert answer.items.height == 2
    assert max(clock.slept) == pytest.approx(90, abs=2)


def test_a_429_waits_for_the_end_of_the_window_or_ends_as_throttled(server: FakeHuggingFace) -> None:
    """Five minutes are more than a request may take."""
    server.left, server.until = 0, 300
    answer = ask(HuggingFaceModels, server, "deepseek-ai")
    assert answer.outcome is Outcome.THROTTLED
    assert len(server.log) == 1
    assert answer.items.is_empty()


def test_an_author_without_models_is_empty(server: FakeHuggingFace) -> None:
    """The list does not tell one from an author who does not exist."""
    assert ask(HuggingFaceModels, server, "nobody").outcome is Outcome.EMPTY


def test_a_model_that_lacks_what_the_list_may_omit_is_still_an_item(server: FakeHuggingFace) -> None:
    """Without lastModified, author, sha and creation."""
    bare = {"_id": "f" * 24, "id": "deepseek-ai/x"}
    server.arm(faults.answers(200, f'[{{"_id": "{bare["_id"]}", "id": "{bare["id"]}"}}]'.encode()))
    item = ask(HuggingFaceModels, server, "deepseek-ai").items.row(0, named=True)
    assert (item["publisher"], item["occurred_at"], item["available_at"]) == ("deepseek-ai", None, NOON)


def test_fault_49_names_that_are_more_than_text_survive_as_data(server: FakeHuggingFace) -> None:
    """And in an address they are quoted."""
    server.models = [model(n, name, at("2025-01-01"), author="x") for n, name in enumerate(HOSTILE)]
    items = ask(HuggingFaceModels, server, "x").items
    assert items["title"].to_list() == list(HOSTILE)
    assert not any(set(url) & set("<>'\" \x1b") for url in items["url"])


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (faults.throttled("3"), Outcome.THROTTLED),
        (faults.answers(401, b'{"error": "Invalid username or password."}'), Outcome.REFUSED),
        (faults.answers(403, b'{"error": "Access is restricted"}'), Outcome.REFUSED),
        (faults.page(), Outcome.BROKEN),
        (faults.page(502), Outcome.BROKEN),
        (faults.cut, Outcome.BROKEN),
        (faults.cut_zip, Outcome.BROKEN),
        (faults.empty, Outcome.BROKEN),
        (faults.bomb(40 << 20), Outcome.BROKEN),
        (faults.redirected("http://169.254.169.254/"), Outcome.BROKEN),
        (faults.answers(200, b'{"error": "x"}'), Outcome.BROKEN),
        (faults.answers(200, b'[{"id": "a/b"}]'), Outcome.BROKEN),
        (faults.answers(200, b"[null]"), Outcome.BROKEN),
    ],
)
def test_each_failure_has_its_outcome(server: FakeHuggingFace, fault: Fault, outcome: Outcome) -> None:
    """Nothing of it is taken for no models."""
    server.arm(fault)
    assert ask(HuggingFaceModels, server, "deepseek-ai").outcome is outcome


def test_more_pages_than_one_author_can_have_are_refused(
    server: FakeHuggingFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cursor may lead in a circle."""
    monkeypatch.setattr(huggingface_models, "MOST_PAGES", 3)
    link = {"Link": f'<{server.base_url}/api/models?cursor=MA==>; rel="next"'}
    server.arm(faults.answers(200, b'[{"_id": "1", "id": "a/b"}]', headers=link))
    answer = ask(HuggingFaceModels, server, "deepseek-ai")
    assert answer.outcome is Outcome.REFUSED
    assert len(server.log) == 3


def test_no_author_and_a_window_that_ends_before_it_begins_are_not_asked(server: FakeHuggingFace) -> None:
    """Nothing is sent."""
    assert ask(HuggingFaceModels, server, "").outcome is Outcome.REFUSED
    assert ask(HuggingFaceModels, server, "x", at("2025-02-01"), at("2025-01-01")).outcome is Outcome.REFUSED
    assert server.log == []
