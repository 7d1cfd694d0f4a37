"""One seed makes borrowers, a bank that errs and workers that die; an auditor keeps the books its own way."""
