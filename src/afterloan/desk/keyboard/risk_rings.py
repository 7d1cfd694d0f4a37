"""`afterloan risk rings`: groups of borrowers who exchange money, borrowed together and stopped together."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from afterloan.desk.keyboard.options import AsJson, On, book_day


def rings(
    on: On = "",
    by: Annotated[str, typer.Option("--by", help="Who does it.")] = "",
    reference: str = "",
    as_json: AsJson = False,
) -> None:
    """Look for groups that borrow and stop together; each is a task of a person, and nothing else is done."""
    from afterloan.desk.keyboard.doing import act, show
    from afterloan.desk.keyboard.plain import money

    def told(body: Mapping[str, Any]) -> str:
        lines = [f"{len(body['rings'])} groups; tasks of people: afterloan task list"]
        for r in body["rings"]:
            lines.append(
                f"{len(r['borrowers'])} borrowers, {r['transfers']} transfers among them, "
                f"borrowed {' to '.join(r['borrowed'])}, "
                f"stopped {' to '.join(r['stopped'])}, owe {money(r['owed_fen'])}: {' '.join(r['borrowers'])}"
            )
        return "\n".join(lines)

    show(act("network.watch", {}, book_day(on), reference, by), as_json, told)
