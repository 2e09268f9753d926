"""Each addition to the emulator is still needed by the pinned version; a red test here says: remove it."""

import json
import subprocess
import tempfile
from pathlib import Path

import pytest

from local import layout


def in_emulator(code: str, scratch: str = tempfile.gettempdir()) -> object:
    """The JSON that `code` prints, run by the interpreter of the emulator's environment; it installs no addition."""
    result = subprocess.run(
        [str(layout.environment_python("emulator")), "-c", f"import json\n{code}"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "LOG_LEVEL": "ERROR", "PYTHONPATH": str(layout.ROOT), "TMPDIR": scratch},
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "resource_type",
    [
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::ApplicationAutoScaling::ScalingPolicy",
    ],
)
def test_resource_type_is_missing(resource_type: str) -> None:
    known = in_emulator(
        "from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS\n"
        "print(json.dumps(list(_RESOURCE_HANDLERS)))"
    )
    assert isinstance(known, list)
    assert resource_type not in known


def test_nested_templates_are_not_transformed() -> None:
    source = in_emulator(
        "import inspect\nfrom ministack.services.cloudformation import provisioners\n"
        "print(json.dumps(inspect.getsource(provisioners._cfn_nested_stack_deploy)))"
    )
    assert "_apply_transforms" not in str(source)


def test_dynamic_references_of_nested_templates_are_not_resolved() -> None:
    source = in_emulator(
        "import inspect\nfrom ministack.services.cloudformation import provisioners\n"
        "print(json.dumps(inspect.getsource(provisioners._cfn_nested_stack_deploy)))"
    )
    assert "_resolve_dynamic_references" not in str(source)


def test_nested_updates_forget_attributes() -> None:
    source = in_emulator(
        "import inspect\nfrom ministack.services.cloudformation import provisioners\n"
        "print(json.dumps(inspect.getsource(provisioners._cfn_nested_stack_deploy)))"
    )
    call = str(source).partition("_update_resource(")[2].partition("name_seed")[0]
    assert call
    assert "Attributes" not in call


def test_secrets_of_a_task_definition_keep_the_template_s_names() -> None:
    (definition,) = in_emulator(  # type: ignore[misc]
        "from ministack.services.cloudformation import provisioners\n"
        "print(json.dumps(provisioners._normalize_container_defs("
        "[{'Name': 'c', 'Secrets': [{'Name': 'N', 'ValueFrom': 'arn'}]}])))"
    )
    assert definition["secrets"] == [{"Name": "N", "ValueFrom": "arn"}]


def test_service_connect_is_dropped() -> None:
    source = in_emulator(
        "import inspect\nfrom ministack.services.cloudformation import provisioners\n"
        "print(json.dumps(inspect.getsource(provisioners._ecs_service_create)))"
    )
    assert "ServiceConnectConfiguration" not in str(source)
    assert "int(" not in str(source), "DesiredCount is a number now: remove _with_integer_count"


STARTS = """
import io, os, pathlib, threading, time, zipfile
from ministack.services import lambda_svc
from local.emulator import lambda_functions

chmod = pathlib.Path.chmod
pathlib.Path.chmod = lambda self, mode: (time.sleep(0.5), chmod(self, mode))[1]
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as package:
    package.writestr("handlers.py", "")
lambda_functions._run_python_by_the_runtime_client(None, {})
found = []

def start(delay):
    time.sleep(delay)
    folder = pathlib.Path(lambda_svc._provided_runtime_code_dir(archive.getvalue()))
    found.append(os.access(folder / "bootstrap", os.X_OK))

threads = [threading.Thread(target=start, args=(delay,)) for delay in (0, 0.2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps(found))
"""


def test_functions_of_one_package_may_start_together(tmp_path: Path) -> None:
    """Whoever comes while the first still writes what starts them waits for it."""
    assert in_emulator(STARTS, str(tmp_path)) == [True, True]
