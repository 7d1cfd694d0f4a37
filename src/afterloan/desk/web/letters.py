"""Files that people take away from a page: the settlement letter, and whatever else is saved rather than shown."""

from starlette.responses import Response

from afterloan.dates import number_of
from afterloan.desk.web.asking import Asking
from afterloan.enquiry.settled import settled_loan
from afterloan.papers.settled import certificate
from afterloan.sending.channels import setting
from afterloan.sending.templates import lender_text

ANY = "application/octet-stream"


def saved(content: bytes, name: str, kind: str = ANY) -> Response:
    """A file that a browser saves under a name and never opens within our pages."""
    return Response(content, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})


def settlement_letter(asking: Asking, loan: str) -> Response:
    """The settlement letter of a loan, in the language of the page. Raises FactRefused where anything is owed."""
    lender, tongue = setting().lender, "zh-CN" if asking.language == "zh" else "en"
    said = {name: lender_text(lender, name, tongue) for name in ("name", "address")}
    said["contact"] = lender_text(lender, "phone", tongue)
    made = certificate(settled_loan(asking.connection, loan, asking.today), said, tongue, asking.today)
    return saved(made, f"settled-{number_of(asking.today)}.pdf", "application/pdf")
