"""The local AWS: the emulator ministack, and what Farflow adds to it, one file per AWS service.

Everything here runs in the emulator's own process and environment (`requirements/emulator.txt`). A file that
decides (how an alarm stands, which task a service stops) imports the standard library only; a file that
installs an addition replaces functions of the pinned emulator by name, quotes the AWS page that it follows,
and has a test that fails once the emulator no longer needs it (`tests/integration/local_aws/`; for what a
source tells sooner than a run, `tests/unit/test_emulator_additions.py`).
"""
