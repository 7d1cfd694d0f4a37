"""What tests of the workbench share: a served book in which three borrowers are late and one day is decided."""

from tests.desk.workbench.late_book import desk, late, late_book, store

__all__ = ["desk", "late", "late_book", "store"]
