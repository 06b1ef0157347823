"""What an administrator types, and what it answers."""
