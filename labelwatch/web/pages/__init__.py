"""The pages of the board, a file each: what is read from the store, and what of it is shown."""
