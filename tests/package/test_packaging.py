"""The image and the compose file say only what there is: commands, options, settings, files. Neither is run here."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typer.exceptions import TyperException

ROOT = Path(__file__).parents[2]
CONTAINERFILE, COMPOSE = ROOT / "packaging" / "Containerfile", ROOT / "packaging" / "compose.yaml"
INSTRUCTIONS = ("ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "ENTRYPOINT", "CMD")


class Part(BaseModel):
    """The parts of the compose specification that are used here; any other word is a mistake."""

    model_config = ConfigDict(extra="forbid")


class Build(Part):
    context: str
    dockerfile: str


class Check(Part):
    test: list[str] = Field(min_length=2)
    interval: str = Field(pattern=r"^\d+[smh]$")
    timeout: str = Field(pattern=r"^\d+[smh]$")
    retries: int
    start_period: str = Field(default="0s", pattern=r"^\d+[smh]$")


class Needs(Part):
    condition: str = Field(pattern="^service_healthy$")


class Service(Part):
    image: str = Field(pattern=r"^[a-z]+(:[0-9.]+)?$")  # no host of a registry: the lender's own mirror is named there
    build: Build | None = None
    command: list[str] = Field(default_factory=list)
    environment: dict[str, str] = Field(default_factory=dict)
    volumes: list[str] = Field(default_factory=list)
    ports: list[str] = Field(default_factory=list)
    depends_on: dict[str, Needs] = Field(default_factory=dict)
    healthcheck: Check | None = None
    restart: str = Field(pattern="^(no|unless-stopped)$")
    read_only: bool = False
    tmpfs: list[str] = Field(default_factory=list)
    cap_drop: list[str] = Field(default_factory=list)
    security_opt: list[str] = Field(default_factory=list)
    profiles: list[str] = Field(default_factory=list)
    stop_grace_period: str = "10s"
    shm_size: str = ""


class Composed(BaseModel):
    """The file: services, volumes; words that begin with x- are anchors."""

    model_config = ConfigDict(extra="allow")
    name: str
    services: dict[str, Service]
    volumes: dict[str, dict[str, Any]]


def composed() -> Composed:
    return Composed.model_validate(yaml.safe_load(COMPOSE.read_text(encoding="utf-8")))


def instructions() -> list[tuple[str, str]]:
    """The lines of the image's definition, continued ones joined, remarks left out."""
    text = re.sub(r"^#.*\n", "", CONTAINERFILE.read_text(encoding="utf-8"), flags=re.M).replace("\\\n", " ")
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in text.splitlines() if line.strip()]


def parsed(words: list[str]) -> None:
    """A command as the keyboard reads it, without doing it. Raises TyperException: words it does not know."""
    from afterloan.desk.keyboard.main import app

    whole: Any = typer.main.get_command(app)
    with whole.make_context("afterloan", list(words), resilient_parsing=True) as context:
        name, command, rest = whole.resolve_command(context, list(words))
        if command is None:
            context.fail(f"no command {words[0]}")
        command.make_context(name, rest, parent=context)


def test_the_image_has_its_modules_as_bytecode() -> None:
    """Its user may not write there: what is not compiled when the image is made is compiled by each process anew."""
    text = CONTAINERFILE.read_text(encoding="utf-8")
    assert "--no-compile" not in text and "PYTHONDONTWRITEBYTECODE" not in text


def test_the_compose_file_is_sound_and_its_commands_are_ours() -> None:
    made = composed()
    assert set(made.services) == {"postgres", "server", "drain", "day"}
    used = {volume.split(":")[0] for s in made.services.values() for volume in s.volumes}
    assert used == set(made.volumes)
    for name, service in made.services.items():
        assert set(service.depends_on) <= set(made.services)
        if name != "postgres":
            assert service.build and (COMPOSE.parent / service.build.context / service.build.dockerfile).is_file()
            parsed([re.sub(r"\$\{\w+:\?.*\}", "lender.example", word) for word in service.command])
    asked = made.services["server"].command
    told = asked[asked.index("--proxy") + 1]
    assert re.fullmatch(r"\$\{AFTERLOAN_PROXY:\?.+\}", told), "without its proxy every client would be one address"
    assert made.services["postgres"].healthcheck and not made.services["postgres"].ports, "the store is not let out"


def test_a_word_that_the_specification_or_the_keyboard_does_not_know_is_found() -> None:
    with pytest.raises(ValidationError, match="comand"):
        Service.model_validate({"image": "afterloan", "restart": "no", "comand": ["drain"]})
    with pytest.raises(ValidationError, match="image"):
        Service.model_validate({"image": "registry.example/afterloan", "restart": "no"})
    for wrong in (["drian"], ["drain", "--forever"], ["serve", "--bnd", "0.0.0.0"]):
        with pytest.raises(TyperException):
            parsed(wrong)


def test_no_secret_stands_in_the_files_and_every_setting_is_known() -> None:
    text = COMPOSE.read_text(encoding="utf-8") + CONTAINERFILE.read_text(encoding="utf-8")
    told = re.search(r"(?<!\{AFTERLOAN_DATABASE_)PASSWORD[:=]\s*(?!\$\{|…)\S", text)
    assert told is None, "a password is given by who starts it"
    sources = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "src").rglob("*.py"))
    for name in set(re.findall(r"AFTERLOAN_[A-Z_]+", text)) - {
        "AFTERLOAN_DATABASE_PASSWORD",
        "AFTERLOAN_DOMAIN",
        "AFTERLOAN_PROXY",
    }:
        assert f'"{name}"' in sources, f"{name} means nothing here"


def test_the_image_is_built_from_what_is_there_and_runs_without_rights() -> None:
    told = instructions()
    assert {name for name, _ in told} <= set(INSTRUCTIONS)
    for name, rest in told:
        if name == "COPY" and not rest.startswith("--from"):
            assert all((ROOT / part).exists() for part in rest.split()[:-1]), rest
    assert [rest for name, rest in told if name == "USER"] == ["10001"]
    entry = yaml.safe_load(next(rest for name, rest in told if name == "ENTRYPOINT"))
    command = yaml.safe_load(next(rest for name, rest in told if name == "CMD"))
    assert entry == ["afterloan"]
    parsed(command)
    assert not any("://" in rest for _, rest in told), "no host of a registry"
    for _, rest in told:
        shlex.split(rest)


def test_the_health_check_asks_for_a_path_that_is_served() -> None:
    check = composed().services["server"].healthcheck
    assert check is not None
    compile(check.test[3], "health check", "exec")
    assert "/readyz" in check.test[3] and '"/readyz"' in "".join(
        p.read_text(encoding="utf-8") for p in (ROOT / "src" / "afterloan" / "desk" / "web").glob("*.py")
    )
