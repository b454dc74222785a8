"""The expression language and the queries that find, fill, check and measure."""
