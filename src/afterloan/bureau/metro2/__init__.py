"""The Metro 2 file: its fields as tables, one record, a file in each form, a month at speed."""
