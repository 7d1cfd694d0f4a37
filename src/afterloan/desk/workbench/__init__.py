"""The workbench: pages for the lender's people."""
