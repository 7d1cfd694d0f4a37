"""The way back to good standing: standing, road map, restoration, lessons. Pure."""
