"""Examples by chance: a few in every run of the tests, many when LABELWATCH_LONG=1 asks for them (`make fuzz`)."""
