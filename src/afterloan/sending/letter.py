"""Letters: a PDF for each, into the folder that the printing house empties."""

from afterloan.sending.channels import ChannelsRefused, only
from afterloan.sending.drain import ChannelPlace, Handler, Promise, register
from afterloan.sending.spool import Spool


class Letters(Spool):
    """PDF files named by their key. A letter is printed once, so nothing in doubt is written again without asking."""

    promise = Promise.ONCE


def _make(place: ChannelPlace) -> Handler:
    only(place, "folder")
    if place.config.get("use", "folder") not in ("folder", "spool"):
        raise ChannelsRefused(f"{place.config.get('where')}: use: {place.config['use']}: only folder is known here")
    return Letters("letter", place)


register("letter", ("message.letter",), _make)
