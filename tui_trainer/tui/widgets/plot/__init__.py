"""Pure functions behind the widgets: numbers in, numbers and characters out. NumPy only, no Textual."""
