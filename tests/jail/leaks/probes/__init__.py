"""Ways out of a jail, tried from inside. Standard library only, but for HTTP/3; each module is a family of them."""
