"""A soak: a thousand shops, faults and kills for minutes, and whether every promise was kept; see __main__.py."""
