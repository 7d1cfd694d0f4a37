"""The portal: pages for borrowers."""
