"""Where the files under test are."""

from latchkey_server import REPOSITORY

DEPLOY = REPOSITORY / "deploy"
