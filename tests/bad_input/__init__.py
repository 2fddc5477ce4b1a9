"""Whatever clients and upstreams do wrong: a clear error in the client's dialect, a record, and a healthy daemon."""
