"""What the API, the workbench and the portal share: who asks, on which day, in which language, how it is answered."""
