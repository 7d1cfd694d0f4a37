"""What tests of the desk share: a small book that is served."""

from tests.desk.web.served import served

__all__ = ["served"]
