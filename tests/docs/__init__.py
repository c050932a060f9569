"""The READMEs are held to the code: commands, keys, defaults, causes and links."""
