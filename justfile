# The commands of this project; the same ones run in pre-commit and in CI.

# List the commands.
default:
    @just --list

# Make the environment, bytecode compiled.
setup:
    uv sync

# Format Python and SQL.
format:
    uv run ruff format .
    uv run ruff check --fix .
    uv run sqlfluff fix sql

# Everything that reads the code without running it.
lint:
    uv run ruff check .
    uv run ruff format --check .
    uv run mypy
    uv run lint-imports
    uv run sqlfluff lint --processes 2 sql

# All tests, the slow ones too.
test *args:
    uv run pytest {{args}}

# The tests of a few seconds.
quick *args:
    uv run pytest -m "not slow" {{args}}

# The suite that touches DuckDB, on the next major version.
test-duckdb2:
    UV_PROJECT_ENVIRONMENT=.venv-duckdb2 uv sync --quiet
    uv pip install --quiet --python .venv-duckdb2/bin/python "duckdb==2.0.0"
    .venv-duckdb2/bin/python -m pytest

# Run the pipeline on the bundled sample.
run *args:
    uv run reaction run {{args}}

# Measure speed and memory; ratios come from one run.
bench *args:
    uv run python tests/benchmarks/bench_engine.py {{args}}

# What CI runs.
ci:
    bash .ci/run

# The report in a real browser.
browser *args:
    REACTION_CHROMIUM="$(which chromium)" uv run pytest -n 2 tests/browser {{args}}
