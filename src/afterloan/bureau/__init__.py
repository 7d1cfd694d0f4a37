"""What is reported to bureaus, disputed, corrected, hidden; file layouts as tables. Pure."""
