"""The pages of the board, a file each: what is asked of the store, and what of it is shown."""
