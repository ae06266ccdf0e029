"""Changes the databases' schema as careful teams do: looks first, is brief, and can go back."""
