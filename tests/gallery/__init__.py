"""Gallery: every view of every kind of map; `make gallery` writes out/gallery/."""
