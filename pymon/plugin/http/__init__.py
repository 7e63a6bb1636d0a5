"""HTTP for plugins: one request over one connection, and what its answer must be like."""
