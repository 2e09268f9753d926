"""The endpoints of GitHub's REST API that Farflow calls, a file per section of its reference."""
