"""Settings of cachalot, of which the query cache has none."""


class _Settings:
    """Nothing: a test that asks for one of them is about cachalot's own interface."""


cachalot_settings = _Settings()
