"""File formats of banks as tables: they import nothing of ours but money and dates."""
