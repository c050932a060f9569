"""The board: pages for a packer's phone, a wall and an operator, made on the server."""
