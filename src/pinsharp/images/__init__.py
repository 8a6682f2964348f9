"""Images at the edges: files to arrays and back (`files`), arrays to tensors and back (`arrays`)."""
