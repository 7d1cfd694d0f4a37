"""What a mandate must hold so that its rail can carry it: one rule for the desk, imports and books made up."""

from afterloan.banks.letters import in_ascii, in_sepa
from afterloan.banks.numbers import US_ACCOUNT, is_iban, is_routing, looks_like_iban, plain_account
from afterloan.facts import FactRefused
from afterloan.facts.debit import MandateSigned


def checked_mandate(mandate: MandateSigned) -> MandateSigned:
    """A mandate whose numbers are right for its rail: check digits, lengths, letters. Raises FactRefused.

    Refused here, a wrong number stops one mandate at its desk; found later it would stop a file at night. An IBAN is
    kept without blanks, in capitals: `gb29 nwbk 6016 1331 9268 19` is GB29NWBK60161331926819.
    """
    if mandate.rail == "nacha":
        _of_nacha(mandate)
    return _of_sepa(mandate) if mandate.rail == "pain008" else mandate


def _of_nacha(mandate: MandateSigned) -> None:
    if not is_routing(mandate.bank):
        remedy = "give the nine digits of the ABA routing number; the last one checks the others"
        raise FactRefused("bank", mandate.bank, "is no routing number", remedy)
    if not US_ACCOUNT.fullmatch(mandate.account):
        reason = "is no account of at most 17 letters, digits and hyphens"
        raise FactRefused("account", mandate.account, reason, "give the account number alone")
    if mandate.holder and not in_ascii(mandate.holder, 22):
        raise FactRefused("holder", mandate.holder, "has no letter that can be written", "write it in letters")


def _of_sepa(mandate: MandateSigned) -> MandateSigned:
    account = plain_account(mandate.account)
    if looks_like_iban(account) and not is_iban(account):
        raise FactRefused("account", mandate.account, "is an IBAN with wrong check digits", "copy it again")
    if len(mandate.reference) > 35:
        raise FactRefused("reference", mandate.reference, "is longer than 35 characters", "give a shorter one")
    if is_iban(account) and in_sepa(mandate.reference, 35) != mandate.reference:
        reason = "has letters that SEPA does not carry"
        raise FactRefused("reference", mandate.reference, reason, "give one of plain letters and digits")
    return mandate.model_copy(update={"account": account if is_iban(account) else mandate.account})
