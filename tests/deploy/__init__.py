"""What puts labelwatch onto machines is tried for real, the installer in a root of its own."""
