"""Tables that analysts bring: CSV or Parquet, every value as it stands."""

from pathlib import Path

import polars as pl
import yaml
from pydantic import ValidationError

from afterloan.risk.declared import Declaration
from afterloan.risk.table import TableRefused


def read_table(path: Path) -> pl.DataFrame:
    """A table out of a file: `.parquet` with its types, `.csv` (comma, semicolon, tab) as text. Raises TableRefused."""
    if not path.is_file():
        raise TableRefused(f"{path}: no such file")
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return pl.read_parquet(path)
        return pl.read_csv(path, separator=_separator(path), infer_schema=False, encoding="utf8", quote_char='"')
    except pl.exceptions.NoDataError as error:
        raise TableRefused(f"{path}: the table is empty") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        raise TableRefused(f"{path}: cannot be read as a table: {str(error).splitlines()[0]}") from error


def _separator(path: Path) -> str:
    with path.open("rb") as file:
        head = file.readline(1_000_000).decode("utf-8", "replace")
    return max(",;\t", key=head.count)


def read_declaration(path: Path | None) -> Declaration:
    """A declaration out of a YAML file; an empty one for None. Raises TableRefused with the place of what is wrong."""
    if path is None:
        return Declaration()
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        return Declaration.model_validate(told)
    except OSError as error:
        raise TableRefused(f"{path}: no such file") from error
    except yaml.YAMLError as error:
        raise TableRefused(f"{path}: is no YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise TableRefused(f"{path}: {place}: {first['msg']}") from error
