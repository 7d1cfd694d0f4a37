"""Who somebody is: accounts, codes, keys; what each may see."""
