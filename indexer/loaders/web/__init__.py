"""HTML: a page as its reader sees it. `page` is the loader; the others are its parts."""
