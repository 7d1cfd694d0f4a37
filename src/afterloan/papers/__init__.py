"""Letters, statements, court papers and bundles as documents."""
