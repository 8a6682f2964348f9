"""pinsharp in napari: `napari.json` says what it offers; nothing is imported before it is used."""
