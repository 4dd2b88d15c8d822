"""What every board offers, and how a user names one: a YAML file, a shipped name, or inline text."""
