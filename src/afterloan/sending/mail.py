"""E-mail by SMTP: a connection kept open, each step of the dialogue judged by what it means for the message."""

import smtplib
import ssl
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

import httpx

from afterloan.sending.channels import needed, only, secret
from afterloan.sending.drain import ChannelPlace, Handler, Item, Outcome, Retry, SendRefused, Sent, Unknown, register
from afterloan.sending.messages import Message, Messages, token
from afterloan.sending.mime import message_id, mime
from afterloan.sending.spool import Spool

TIMEOUT = 30
NOBODY = "cannot be asked: SMTP has no question for it; set ask: {log: …} or ask: {url: …}"


class Smtp(Messages):
    """SMTP to `host`:`port`, TLS by `tls` (none, starttls, ssl), `user` and `password_env` where it asks.

    SMTP knows no keys, so what is in doubt is asked after: `ask: {log: PATH}` looks for the Message-ID in the mail
    server's log (as Postfix writes it), `ask: {url: URL}` in `GET URL/TOKEN`; without either a person decides.
    """

    contact = "email"

    def __init__(self, channel: str, place: ChannelPlace) -> None:
        """Connects at the first message. Raises ChannelsRefused."""
        super().__init__(channel, place)
        only(place, "host", "port", "tls", "user", "password_env", "from", "domain", "ask")
        self.host, self.port = str(needed(place, "host")), int(place.config.get("port", 25))
        self.sender = str(needed(place, "from"))
        self.password = secret(place, "password_env") if place.config.get("user") else ""
        self.line: smtplib.SMTP | None = None

    def address(self, item: Item) -> str:
        """The mail address; one that would break the line of the dialogue is refused. Raises ValueError."""
        told = super().address(item)
        if not told.isascii() or "@" not in told or set(told) & set(' <>,;\\"()'):
            raise ValueError(f"{told!r} is no mail address; write it as name@domain")
        return told

    def _connected(self) -> smtplib.SMTP:
        if self.line is None:
            tls, told = self.place.config.get("tls", "none"), self.place.config
            if tls == "ssl":
                context = ssl.create_default_context()
                line: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT, context=context)
            else:
                line = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)
            if tls == "starttls":
                line.starttls(context=ssl.create_default_context())
            if told.get("user"):
                line.login(str(told["user"]), self.password)
            line.ehlo_or_helo_if_needed()
            self.line = line
        return self.line

    def _hang_up(self) -> None:
        if self.line is not None:
            with suppress(Exception):
                self.line.close()
            self.line = None

    def deliver(self, messages: Sequence[Message], now: datetime) -> Sequence[Outcome]:
        """One by one on one connection; past half of `settle` the rest waits, so nothing is asked after too early."""
        last = monotonic() + (self.settle / timedelta(seconds=2) if self.settle else TIMEOUT)
        return [self._one(m, now) if monotonic() < last else Retry("the batch took too long") for m in messages]

    def _one(self, message: Message, now: datetime) -> Outcome:
        try:
            line = self._connected()
        except smtplib.SMTPAuthenticationError as error:
            self._hang_up()
            return Retry(f"the mail server refuses the login: {error.smtp_code}")
        except (OSError, smtplib.SMTPException) as error:
            self._hang_up()
            return Retry(f"the mail server does not answer: {error}")
        data = mime(message, self.place, now)
        try:
            # our own two lines: smtplib's mail() and rcpt() parse each address as a list of addresses first
            for verb, words in (("MAIL", f"FROM:<{self.sender}>"), ("RCPT", f"TO:<{message.to}>")):
                code, text = line.docmd(verb, words)
                if code >= 400:
                    line.rset()
                    return _refusal(code, text)
        except (OSError, smtplib.SMTPException) as error:
            self._hang_up()
            return Retry(f"the line broke before the text went out: {error}")
        return self._data(line, data)

    def _data(self, line: smtplib.SMTP, data: bytes) -> Outcome:
        """From here on the server may have the message although its answer does not come."""
        try:
            code, text = line.data(data)
        except smtplib.SMTPDataError as error:
            return _refusal(error.smtp_code, error.smtp_error)
        except (OSError, smtplib.SMTPException) as error:
            self._hang_up()
            return Unknown(f"the line broke after the text went out: {error}")
        return Sent(text.decode("utf-8", "replace")[:200]) if code < 400 else _refusal(code, text)

    def ask(self, item: Item) -> Outcome:
        """The mail log, or the address that answers for a key."""
        told = self.place.config.get("ask") or {}
        if "log" in told:
            return _in_log(Path(told["log"]), message_id(item.key, self.place))
        if "url" in told:
            answer = httpx.get(f"{told['url']}/{token(item.key)}", timeout=TIMEOUT)
            if answer.status_code == 404:
                return Retry("the mail server never had it")
            answer.raise_for_status()
            return Sent("asked")
        return Unknown(f"{self.channel} {NOBODY}")


def _in_log(log: Path, name: str) -> Outcome:
    with log.open("rb") as lines:
        wanted = name.encode()
        for line in lines:
            if wanted in line:
                return Sent("found in the mail log", {"line": line.decode("utf-8", "replace").strip()[:300]})
    return Retry("not in the mail log")


def _refusal(code: int, text: bytes | str) -> Outcome:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return SendRefused(f"{code} {said}") if code >= 500 else Retry(f"{code} {said}")


def make(place: ChannelPlace) -> Handler:
    """SMTP when the configuration says so, else the folder."""
    if place.config.get("use", "spool") == "smtp":
        return Smtp("email", place)
    only(place, "folder", "from", "domain")
    return Spool("email", place)


register("email", ("message.email",), make)
