"""How a cache is filled: by rows, from a published copy, resumed, or anew over a live one."""
