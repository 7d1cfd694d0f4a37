"""A message as an e-mail: headers by which it is known again, the text in the body."""

from datetime import datetime
from email.header import Header
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr

from afterloan.rails.drain import Place
from afterloan.rails.messages import Message, token
from afterloan.rails.templates import lender_text

DOMAIN = "afterloan.invalid"
"""The domain of message names where the configuration gives none."""


def message_id(key: str, place: Place) -> str:
    """The Message-ID of a key: the same for every try, so that a mail log can be asked."""
    return f"<{token(key)}@{place.config.get('domain') or DOMAIN}>"


def mime(message: Message, place: Place, now: datetime) -> bytes:
    """The e-mail of a message as bytes."""
    text, config = message.text, place.config
    mail = MIMEText(text.whole("\n\n"), "plain", "utf-8")
    sender = str(config.get("from") or f"noreply@{config.get('domain') or DOMAIN}")
    mail["From"] = formataddr((str(Header(lender_text(config["lender"], "name", text.language), "utf-8")), sender))
    mail["To"] = message.to
    mail["Subject"] = str(Header(text.subject, "utf-8"))
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id(message.item.key, place)
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = text.language
    if config["lender"].get("opt_out"):
        mail["List-Unsubscribe"] = f"<{lender_text(config['lender'], 'opt_out', text.language)}>"
    return mail.as_bytes()
