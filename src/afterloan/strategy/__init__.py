"""Whom to treat, how and when: ladders, holds, the contact governor, promises, limits, legal steps. Pure."""
