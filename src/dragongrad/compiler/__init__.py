"""The compiler: a traced Graph, passes that rewrite it, and backends that run it."""
