"""The deployments of prefect.yaml on a Prefect server and a worker of their own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from flows.pipeline import STAGES, stage_title
from tests.running import generation, reaction
from warehouse.lease import lease

pytestmark = pytest.mark.slow

PATIENCE = 90.0
CHECKOUT = ("flows", "pipelines", "warehouse", "sql", "pyproject.toml", "prefect.yaml")


@dataclass(frozen=True, slots=True)
class Prefect:
    """A server with the project's deployments, and a worker that starts their runs."""

    api: httpx.Client
    home: Path

    def ask(self, path: str, **body: Any) -> Any:
        """Post to the API and return its answer; ask again while its database is locked, as Prefect's client does."""
        for _ in range(20):
            answer = self.api.post(path, json=body)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(0.5)
        return answer.raise_for_status().json()

    def deployment(self, name: str) -> dict[str, Any]:
        """Return a deployment of the flow `daily`."""
        answer: dict[str, Any] = self.api.get(f"/deployments/name/daily/{name}").raise_for_status().json()
        return answer

    def start(self, name: str, **settings: str | list[str]) -> str:
        """Ask for a run of a deployment with some settings and return its id."""
        path = f"/deployments/{self.deployment(name)['id']}/create_flow_run"
        return str(self.ask(path, parameters={"settings": settings})["id"])

    def wait(self, run: str) -> dict[str, Any]:
        """Return the state in which a run ended."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            state: dict[str, Any] = self.api.get(f"/flow_runs/{run}").raise_for_status().json()["state"]
            if state["type"] in {"COMPLETED", "FAILED", "CANCELLED", "CRASHED"}:
                return state
            time.sleep(0.3)
        raise TimeoutError(f"run {run} did not end within {PATIENCE:g} s")


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    """Do what the README's section on schedules says, in a copy of the checkout."""
    folder = tmp_path_factory.mktemp("prefect")
    checkout, home = folder / "checkout", folder / "home"
    copy_checkout(checkout)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    environment = own_environment(folder, url, home)
    with ExitStack() as stack:
        command = ["server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui", "--analytics-off"]
        stack.enter_context(running(command, folder, environment, folder / "server.log"))
        api = stack.enter_context(httpx.Client(base_url=url, timeout=120.0))
        until_healthy(api)
        finish(["work-pool", "create", "local", "--type", "process"], checkout, environment)
        stack.enter_context(running(["worker", "start", "--pool", "local"], folder, environment, folder / "worker.log"))
        finish(["--no-prompt", "deploy", "--all"], checkout, environment)
        yield Prefect(api, home)


def copy_checkout(folder: Path) -> None:
    """Copy what a run needs: a checkout in some other folder."""
    root = Path(__file__).resolve().parents[2]
    ignored = shutil.ignore_patterns("__pycache__", "data")
    for name in CHECKOUT:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / name)


def own_environment(folder: Path, url: str, home: Path) -> dict[str, str]:
    """Return an environment in which Prefect and `reaction` know nothing but these folders."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "REACTION_"))}
    return others | {
        "DO_NOT_TRACK": "1",
        "PREFECT_API_URL": url,
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "REACTION_HOME": str(home),
    }


@contextmanager
def running(arguments: list[str], folder: Path, environment: dict[str, str], log: Path) -> Iterator[None]:
    """Have a Prefect process run for as long as the block does."""
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-m", "prefect", *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def finish(arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Run a Prefect command to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def until_healthy(api: httpx.Client) -> None:
    """Wait until the server answers."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if api.get("/health").is_success:
                return
        time.sleep(0.2)
    raise TimeoutError(f"the Prefect server did not answer within {PATIENCE:g} s")


def test_a_run_of_adhoc_publishes(prefect: Prefect) -> None:
    """A run that a worker starts publishes the marts, shows its artifacts, and is seven tasks, one per stage."""
    run = prefect.start("adhoc")

    assert prefect.wait(run)["name"] == "Completed"
    assert generation(prefect.home).table_hashes["fct_event_cars"][0] > 0

    of_run = {"id": {"any_": [run]}}
    tasks = prefect.ask("/task_runs/filter", flow_runs=of_run)
    assert sorted(task["name"].rsplit("-", 1)[0] for task in tasks) == sorted(map(stage_title, STAGES))
    assert {task["state_name"] for task in tasks} == {"Completed"}

    artifacts = {item["key"]: item for item in prefect.ask("/artifacts/filter", flow_runs=of_run)}
    assert {key: item["type"] for key, item in artifacts.items()} == {
        "run-progress": "progress",
        "strongest-reactions": "table",
        "strongest-reactions-figure": "image",
        "run-summary": "markdown",
    }
    assert artifacts["run-progress"]["data"] == 100.0
    assert "NVDA" in artifacts["strongest-reactions"]["data"]
    assert "generation" in artifacts["run-summary"]["data"]


def test_the_command_uses_the_server_that_is_named(prefect: Prefect, tmp_path: Path) -> None:
    """With PREFECT_API_URL set `reaction run` is a run of that server; one that fails says why there and here."""
    finished = reaction(
        "run",
        "--source",
        "files",
        "--prices",
        tmp_path / "missing.csv",
        home=tmp_path,
        settings={"PREFECT_API_URL": str(prefect.api.base_url)},
    )
    (run,) = prefect.ask("/flow_runs/filter", flow_runs={"deployment_id": {"is_null_": True}})

    what = f"{tmp_path / 'missing.csv'}: there is no such file or folder"
    assert (finished.code, finished.out, finished.err) == (1, "", f"error: {what}\n")
    assert run["state"]["type"] == "FAILED"
    assert run["state"]["message"].endswith(f"SourceError: {what}")


def test_late_runs_that_start_together_are_no_failures(prefect: Prefect, tmp_path: Path) -> None:
    """Of three runs of `daily` at once two are cancelled; the one let in meets a run by hand and is skipped."""
    with lease(tmp_path / "run.lock", now=datetime.now(UTC), what="a run by hand"):
        runs = [prefect.start("daily", home=str(tmp_path)) for _ in range(3)]
        states = sorted((prefect.wait(run) for run in runs), key=lambda state: state["name"])

    assert [state["name"] for state in states] == ["Cancelled", "Cancelled", "Skipped"]
    assert states[-1]["type"] == "COMPLETED"
    assert "a run by hand" in states[-1]["message"]
    assert not (tmp_path / "published").exists()


def test_daily_is_scheduled_after_the_close(prefect: Prefect) -> None:
    """The server has made runs of `daily`, on weekdays at 18:30 in New York; `adhoc` has no schedule."""
    daily = prefect.deployment("daily")["id"]
    scheduled = [run for run in prefect.ask("/flow_runs/filter", limit=100) if run["auto_scheduled"]]

    assert scheduled
    assert {run["deployment_id"] for run in scheduled} == {daily}
    starts = [datetime.fromisoformat(run["expected_start_time"]) for run in scheduled]
    local = [start.astimezone(ZoneInfo("America/New_York")) for start in starts]
    assert {(start.hour, start.minute) for start in local} == {(18, 30)}
    assert {start.isoweekday() for start in local} <= {1, 2, 3, 4, 5}
