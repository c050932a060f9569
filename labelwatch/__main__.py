"""`python -m labelwatch` is the same as `labelwatch`."""

from labelwatch.cli import main

if __name__ == "__main__":
    main()
