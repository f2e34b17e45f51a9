import pytest


@pytest.fixture(autouse=True, scope="session")
def private_cache(tmp_path_factory):
    """Tests never touch the user's cache."""
    import os

    old = os.environ.get("RMTSYM_CACHE")
    os.environ["RMTSYM_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if old is None:
        del os.environ["RMTSYM_CACHE"]
    else:
        os.environ["RMTSYM_CACHE"] = old
