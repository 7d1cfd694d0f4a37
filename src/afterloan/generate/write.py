"""Generated records as the tables that import takes, appended to Parquet or CSV files."""

from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from afterloan.generate.chunk import Chunk, Tables, day_of, frame, named
from afterloan.generate.people import address, email, id_number, mobile, person_name

REGIONS = [
    "Beijing", "Tianjin", "Hebei", "Shanxi", "Neimenggu", "Liaoning", "Jilin", "Heilongjiang",
    "Shanghai", "Jiangsu", "Zhejiang", "Anhui", "Fujian", "Jiangxi", "Shandong", "Henan", "Hubei",
    "Hunan", "Guangdong", "Guangxi", "Hainan", "Chongqing", "Sichuan", "Guizhou", "Yunnan", "Xizang",
    "Shaanxi", "Gansu", "Qinghai", "Ningxia", "Xinjiang",
]  # fmt: skip
FEW_VALUES = (
    "product",
    "rate_percent",
    "principal_fen",
    "unit",
    "every",
    "instalments",
    "due_dom",
    "on",
    "known_on",
    "limit_fen",
    "source",
    "bank",
    "rail",
    "hold",
    "review_on",
    "reason",
    "channel",
    "purpose",
    "outcome",
    "by",
)


def _attributes() -> pl.Expr:
    """Pay day, region, place, identity and how to reach, as JSON: made up, and marked so."""
    debited = pl.col("auto_debit") == 1
    number = pl.col("number")
    region = pl.col("region").replace_strict(list(range(len(REGIONS))), REGIONS, return_dtype=pl.String)
    return pl.concat_str(
        pl.lit('{"made_up":true,"pay_day":'),
        pl.col("pay_day"),
        pl.lit(',"income_yuan":'),
        pl.col("income_yuan"),
        pl.lit(',"region":"'),
        region,
        pl.when(debited)
        .then(pl.lit('","reach":"app","collect":"debit'))
        .otherwise(pl.lit('","reach":"sms","collect":"transfer')),
        pl.lit('","jurisdiction":"CN","timezone":"Asia/Shanghai","language":"zh-CN","mobile":"'),
        mobile(number),
        pl.lit('","email":"'),
        email(number),
        pl.lit('","address":"'),
        address(number, region),
        pl.lit('","id_type":"10","id_number":"'),
        id_number(number),
        pl.lit('"}'),
    )


def _borrowers(chunk: Chunk) -> pl.DataFrame:
    numbered = frame(chunk.borrowers, "pay_day", "income_yuan", "region", "auto_debit", "joined_on").with_columns(
        number=np.arange(chunk.first, chunk.first + len(chunk.borrowers))
    )
    return numbered.select(
        reference=named("B", "number"),
        known_on=day_of("joined_on"),
        name=person_name(pl.col("number")),
        attributes=_attributes(),
    )


def _contracts(chunk: Chunk, products: tuple[str, ...]) -> pl.DataFrame:
    columns = ("loan", "product", "principal_fen", "rate", "signed_on", "instalments", "due_dom")
    owner = np.repeat(np.arange(chunk.first, chunk.first + len(chunk.borrowers)), chunk.borrowers["loans"])
    return (
        frame(chunk.contracts, *columns)
        .with_columns(owner=owner)
        .select(
            reference=named("L", "loan"),
            borrower=named("B", "owner"),
            product=pl.col("product").replace_strict(list(range(len(products))), products, return_dtype=pl.String),
            principal_fen="principal_fen",
            # on RATE_SCALE one percent is 10^5: 3,500 is 0.03500 %
            rate_percent=pl.concat_str(pl.lit("0."), pl.col("rate").cast(pl.String).str.zfill(5)),
            signed_on=day_of("signed_on"),
            unit=pl.lit("months"),
            every=pl.lit(1, pl.Int16),
            instalments=pl.col("instalments").cast(pl.Int16),
            due_dom=pl.col("due_dom").cast(pl.Int16),
        )
    )


def _disbursements(chunk: Chunk) -> pl.DataFrame:
    return frame(chunk.contracts, "loan", "signed_on", "principal_fen").select(
        reference=named("D", "loan"),
        contract=named("L", "loan"),
        on=day_of("signed_on"),
        amount_fen="principal_fen",
    )


def _receipt_name(letter: str) -> pl.Expr:
    return pl.concat_str(named(letter, "loan"), pl.lit("-"), pl.col("nth").cast(pl.String).str.zfill(3))


def _repayments(chunk: Chunk) -> pl.DataFrame:
    """All receipts; one told twice is there twice, the same in every column."""
    again = np.repeat(chunk.receipts, 1 + chunk.receipts["twice"])
    return frame(again, "loan", "nth", "on", "known_on", "amount_fen").select(
        reference=_receipt_name("R"),
        contract=named("L", "loan"),
        on=day_of("on"),
        known_on=day_of("known_on"),
        amount_fen="amount_fen",
    )


def _reversals(chunk: Chunk) -> pl.DataFrame:
    bounced = chunk.receipts[chunk.receipts["bounced_on"] > 0]
    return frame(bounced, "loan", "nth", "bounced_on").select(
        reference=_receipt_name("X"), of=_receipt_name("R"), known_on=day_of("bounced_on")
    )


def tables_of(chunk: Chunk, products: tuple[str, ...]) -> Tables:
    """The tables of a chunk by file name: borrowers, contracts, disbursements, repayments, reversals."""
    return {
        "borrowers": _borrowers(chunk),
        "contracts": _contracts(chunk, products),
        "disbursements": _disbursements(chunk),
        "repayments": _repayments(chunk),
        "reversals": _reversals(chunk),
    }


class Pages:
    """Files of a folder that grow chunk by chunk; Parquet gets a row group a chunk."""

    def __init__(self, folder: Path, format: str) -> None:
        """Make the folder; `format` is parquet or csv."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.format = format
        self.open: dict[str, Any] = {}

    def add(self, tables: Tables) -> None:
        """Append a chunk's tables."""
        for name, table in tables.items():
            if self.format == "csv":
                self._csv(name, table)
            else:
                self._parquet(name, table)

    def _csv(self, name: str, table: pl.DataFrame) -> None:
        new = name not in self.open
        if new:
            self.open[name] = (self.folder / f"{name}.csv").open("wb")
        table.write_csv(self.open[name], include_header=new)

    def _parquet(self, name: str, table: pl.DataFrame) -> None:
        arrow = table.to_arrow(compat_level=pl.CompatLevel.oldest())
        if name not in self.open:
            # a name is there once: a dictionary of names would be built for nothing
            few = [column for column in arrow.column_names if column in FEW_VALUES]
            path = self.folder / f"{name}.parquet"
            self.open[name] = pq.ParquetWriter(path, arrow.schema, compression="snappy", use_dictionary=few)
        self.open[name].write_table(arrow)

    def __enter__(self) -> "Pages":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self.open.values():
            file.close()
