"""Settings: which source wins, what is refused, and where the home folder is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipelines.errors import ConfigurationError
from pipelines.home import PROJECT, default_home, find_home
from pipelines.settings import load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, without any REACTION_* variable."""
    for name in [name for name in os.environ if name.upper().startswith("REACTION_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configure(folder: Path, text: str) -> None:
    """Write reaction.toml."""
    (folder / "reaction.toml").write_text(text, encoding="utf-8")


def test_defaults() -> None:
    """Without anything said the sample is read and the home is the default one."""
    settings = load_settings()
    assert (settings.source, settings.prices, settings.layout) == ("sample", (), "auto")
    assert settings.home == default_home()
    assert not settings.accept_fewer_rows
    assert (settings.factors, settings.factor_unit, settings.factor_date_format) == ((), "decimal", None)


def test_the_file_goes_before_the_defaults(folder: Path) -> None:
    """What reaction.toml says counts."""
    configure(folder, 'source = "files"\nprices = ["a.csv", "b"]\n[columns]\nclose = "PRC"\n')
    settings = load_settings()
    assert settings.source == "files"
    assert settings.prices == (Path("a.csv"), Path("b"))
    assert settings.columns == {"close": "PRC"}


def test_arguments_go_before_the_environment_before_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments win over REACTION_*, which wins over reaction.toml, each setting by itself."""
    configure(folder, 'exchange = "XLON"\ndate_format = "%d.%m.%Y"\nlock_wait_seconds = 1\nlayout = "wide"\n')
    monkeypatch.setenv("REACTION_EXCHANGE", "XTKS")
    monkeypatch.setenv("REACTION_LOCK_WAIT_SECONDS", "2")
    settings = load_settings(exchange="XETR")
    assert settings.exchange == "XETR"
    assert settings.lock_wait_seconds == 2.0
    assert settings.date_format == "%d.%m.%Y"
    assert settings.layout == "wide"


@pytest.mark.parametrize("nothing", [None, ()])
def test_an_argument_that_says_nothing_does_not_override(folder: Path, nothing: object) -> None:
    """An option that was not given, or a list of nothing, leaves what the file says."""
    configure(folder, 'prices = ["a.csv"]\n')
    assert load_settings(prices=nothing).prices == (Path("a.csv"),)


def test_false_and_zero_do_override(folder: Path) -> None:
    """An option that says false or 0 says something."""
    configure(folder, "accept_fewer_rows = true\nlock_wait_seconds = 9\n")
    settings = load_settings(accept_fewer_rows=False, lock_wait_seconds=0)
    assert (settings.accept_fewer_rows, settings.lock_wait_seconds) == (False, 0.0)


def test_lists_and_mappings_come_from_the_environment_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list is JSON; a mapping is JSON, or one variable per key after two underscores."""
    monkeypatch.setenv("REACTION_PRICES", '["a.csv"]')
    monkeypatch.setenv("REACTION_COLUMNS__CLOSE", "PRC")
    settings = load_settings()
    assert settings.prices == (Path("a.csv"),)
    assert settings.columns == {"close": "PRC"}


def test_factor_files_and_their_unit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Factor files are a list like the other files, their unit one of two words."""
    configure(folder, 'factors = ["ff3.csv", "mom.csv"]\nfactor_unit = "percent"\n')
    assert load_settings().factors == (Path("ff3.csv"), Path("mom.csv"))
    monkeypatch.setenv("REACTION_FACTORS", '["ff5.csv"]')
    settings = load_settings(factor_unit="decimal")
    assert (settings.factors, settings.factor_unit) == ((Path("ff5.csv"),), "decimal")
    with pytest.raises(ConfigurationError, match="factor_unit: Input should be 'decimal' or 'percent', got 'bps'"):
        load_settings(factor_unit="bps")


def test_an_empty_variable_says_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable set to nothing counts as not set, for the home folder as for the other settings."""
    configure(folder, 'home = "from-file"\nprices = ["a.csv"]\n')
    for name in ("REACTION_HOME", "REACTION_PRICES", "REACTION_LOCK_WAIT_SECONDS"):
        monkeypatch.setenv(name, "")
    settings = load_settings()
    assert settings.home == find_home() == Path("from-file")
    assert settings.prices == (Path("a.csv"),)


def test_a_list_that_is_no_json_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain path in a list's variable is refused with an example of JSON."""
    monkeypatch.setenv("REACTION_PRICES", "a.csv")
    with pytest.raises(ConfigurationError, match=r'prices.*a list is JSON such as \["prices\.csv"\]'):
        load_settings()


def test_all_bad_values_are_named_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One message names every bad value, from whatever source, with what was got."""
    configure(folder, 'layout = "tall"\n')
    monkeypatch.setenv("REACTION_LOCK_WAIT_SECONDS", "-1")
    with pytest.raises(ConfigurationError, match="settings are not valid") as raised:
        load_settings(source="web")
    lines = str(raised.value).splitlines()[1:]
    assert sorted(line.split(":")[0].strip() for line in lines) == ["layout", "lock_wait_seconds", "source"]
    assert all(any(got in line for line in lines) for got in ("got 'tall'", "got '-1'", "got 'web'"))


def test_an_unknown_key_is_refused(folder: Path) -> None:
    """A misspelt key in reaction.toml is refused by name instead of ignored."""
    configure(folder, 'sorce = "files"\n')
    with pytest.raises(ConfigurationError, match=r"sorce: Extra inputs are not permitted, got 'files'"):
        load_settings()


@pytest.mark.parametrize("text", ["source = files\n", "[columns\n", 'source = "files"\nsource = "files"\n'])
def test_bad_toml_is_explained(folder: Path, text: str) -> None:
    """A file that is no TOML is named by settings and by whoever needs the home alone."""
    configure(folder, text)
    with pytest.raises(ConfigurationError, match=r"reaction\.toml .*TOML: .*line \d"):
        load_settings()
    with pytest.raises(ConfigurationError, match=r"reaction\.toml cannot be read as TOML: .*line \d"):
        find_home()


def test_a_file_that_is_not_utf_8_is_explained(folder: Path) -> None:
    """A reaction.toml in another encoding is named by both readers instead of ending in a traceback."""
    (folder / "reaction.toml").write_bytes(b'exchange = "\xff"\n')
    for reader in (load_settings, find_home):
        with pytest.raises(ConfigurationError, match=r"reaction\.toml .*TOML: 'utf-8' codec can't decode"):
            reader()


def test_settings_cannot_be_changed() -> None:
    """Settings are frozen: a run sees the same ones from start to end."""
    settings = load_settings()
    with pytest.raises(ValidationError, match="Instance is frozen"):
        settings.source = "files"


def test_every_file_of_a_run_lies_under_home(folder: Path) -> None:
    """Warehouse, marts, scratch folder and lock lie under the home folder."""
    home = folder / "home"
    settings = load_settings(home=home)
    files = [settings.warehouse_file, settings.marts_file, settings.published, settings.build_folder]
    assert all(file.is_relative_to(home) for file in [*files, settings.lock_file])
    assert settings.marts_file == home / "published" / "marts.duckdb"


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        (None, None, None),
        (None, 'home = "from-file"\n', "from-file"),
        (None, 'source = "files"\n', None),
        ("from-env", None, "from-env"),
        ("from-env", 'home = "from-file"\n', "from-env"),
        ("/somewhere/else", 'home = "from-file"\n', "/somewhere/else"),
    ],
)
def test_both_ways_to_the_home_folder_agree(
    folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None, text: str | None, expected: str | None
) -> None:
    """`find_home` names the folder that the settings name: REACTION_HOME, else reaction.toml, else the default."""
    if text is not None:
        configure(folder, text)
    if variable is not None:
        monkeypatch.setenv("REACTION_HOME", variable)
    home = default_home() if expected is None else Path(expected)
    assert find_home() == home
    assert load_settings().home == home


@pytest.mark.parametrize("text", ["home = 3\n", "home = [1]\n"])
def test_a_home_that_is_no_path_is_refused_by_both(folder: Path, text: str) -> None:
    """A home that is no text is refused, whoever reads it."""
    configure(folder, text)
    with pytest.raises(ConfigurationError, match=r"reaction\.toml: home: expected the path of a folder, got"):
        find_home()
    with pytest.raises(ConfigurationError, match="home: "):
        load_settings()


def test_the_default_home_of_a_checkout_is_in_it() -> None:
    """A checkout keeps its data under warehouse/data."""
    assert default_home() == PROJECT / "warehouse" / "data"


def test_the_default_home_of_a_wheel_is_the_user_s(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed without a checkout, the data lie in the user's data folder and never in site-packages."""
    monkeypatch.setattr("pipelines.home.PROJECT", folder)
    assert not default_home().is_relative_to(folder)
    assert default_home().name == "market-reaction"


def test_finding_the_home_loads_no_pydantic() -> None:
    """Commands that only read the marts start without the settings library."""
    code = "import sys, pipelines.home as h; h.find_home(); print(sorted(m for m in sys.modules if 'pydantic' in m))"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"


def test_fault_50_the_contact_for_the_sec_is_not_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings are printed and logged; a name and an address are not."""
    monkeypatch.setenv("REACTION_SEC_CONTACT", "Canary Tester canary-7f3a@example.com")
    settings = load_settings()
    assert settings.sec_contact is not None
    assert settings.sec_contact.get_secret_value() == "Canary Tester canary-7f3a@example.com"
    assert "canary-7f3a" not in f"{settings!r} {settings} {settings.model_dump_json()}"
