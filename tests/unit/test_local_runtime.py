"""ECS tasks as processes: `local.emulator.process_runtime` with real processes, `local.emulator.task_addresses`."""

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.emulator.process_runtime import Container, ImageNotFoundError, ProcessImage, ProcessRuntime
from local.emulator.task_addresses import NoAddressLeftError, TaskAddresses

AWS_PORT = 45660


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[ProcessRuntime]:
    image = ProcessImage(Path(sys.executable).parent, {"AIRFLOW_HOME": "{container}"})
    runtime = ProcessRuntime(
        {"image:1": image},
        TaskAddresses(AWS_PORT),
        tmp_path,
        resolve=lambda text: text.replace("//execution-api:", "//127.178.92.1:"),
    )
    yield runtime
    for container in runtime._containers.values():
        container.kill()


def run(runtime: ProcessRuntime, code: str, name: str = "task", **environment: str) -> Container:
    return runtime.run("image:1", command=["python", "-c", code], environment=environment, name=name)


def output(container: Container) -> str:
    container.wait(timeout=10)
    content = container.logs()
    assert isinstance(content, bytes)
    return content.decode()


@pytest.mark.parametrize("code", [0, 3])
def test_exit_code_is_the_process_s(runtime: ProcessRuntime, code: int) -> None:
    container = run(runtime, f"raise SystemExit({code})")
    assert container.wait(timeout=10) == {"StatusCode": code}
    assert container.status == "exited"


def test_death_by_signal_is_reported_as_docker_does(runtime: ProcessRuntime) -> None:
    container = run(runtime, "import os; os.kill(os.getpid(), 9)")
    assert container.wait(timeout=10) == {"StatusCode": 128 + signal.SIGKILL}


def test_every_interface_is_the_task_s_own_address(runtime: ProcessRuntime) -> None:
    container = run(runtime, "import os; print(os.environ['HOST'], '0.0.0.0')", HOST="0.0.0.0")
    assert output(container) == f"{container.address} {container.address}\n"


def test_service_connect_names_are_resolved(runtime: ProcessRuntime) -> None:
    container = run(runtime, "import os; print(os.environ['URL'])", URL="http://execution-api:8080/execution/")
    assert output(container) == "http://127.178.92.1:8080/execution/\n"


def test_image_variables_name_the_container_s_folder(runtime: ProcessRuntime) -> None:
    container = run(runtime, "import os; print(os.environ['AIRFLOW_HOME'])")
    assert output(container) == f"{container.folder}\n"


def test_stop_asks_first(runtime: ProcessRuntime) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "print('up', flush=True)\n"
        "time.sleep(60)"
    )
    container = run(runtime, code)
    while b"up" not in container.logs():  # type: ignore[operator]
        time.sleep(0.01)
    container.stop(timeout=10)
    assert container.wait() == {"StatusCode": 7}


def test_stop_kills_what_does_not_leave(runtime: ProcessRuntime) -> None:
    code = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(60)"
    container = run(runtime, code)
    while b"up" not in container.logs():  # type: ignore[operator]
        time.sleep(0.01)
    container.stop(timeout=0.2)
    assert container.wait() == {"StatusCode": 128 + signal.SIGKILL}


def test_children_end_with_the_main_process(runtime: ProcessRuntime, tmp_path: Path) -> None:
    """As in a container, where nothing outlives its first process."""
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)"
    )
    child = int(output(run(runtime, code)))
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        status = Path(f"/proc/{child}/status")
        if not status.exists() or "Z (zombie)" in status.read_text():
            return
        time.sleep(0.05)
    pytest.fail("the child outlived its container")


def test_log_stream_gives_whole_lines_and_ends(runtime: ProcessRuntime) -> None:
    container = run(runtime, "import time\nprint('one', flush=True)\ntime.sleep(.3)\nprint('two\\nthree')")
    chunks = list(container.logs(stream=True, follow=True))
    assert b"".join(chunks) == b"one\ntwo\nthree\n"  # type: ignore[arg-type]
    assert all(chunk.endswith(b"\n") for chunk in chunks)  # type: ignore[union-attr]


def test_unknown_image_says_which_there_are(runtime: ProcessRuntime) -> None:
    with pytest.raises(ImageNotFoundError, match="airflow:9; there are: image:1"):
        runtime.run("airflow:9", command=["true"], environment={}, name="x")


def test_address_of_an_ended_task_is_given_again(runtime: ProcessRuntime) -> None:
    containers = [run(runtime, "pass", name=f"t{n}") for n in range(3)]
    assert len({container.address for container in containers}) == 3
    for container in containers:
        container.wait(timeout=10)


def test_containers_of_a_task_share_its_address(runtime: ProcessRuntime) -> None:
    def start(task: str, name: str) -> Container:
        command = ["python", "-c", "import time; time.sleep(60)"]
        labels = {"com.amazonaws.ecs.task-arn": task, "com.amazonaws.ecs.container-name": name}
        return runtime.run("image:1", command=command, environment={}, name=f"{task}-{name}", labels=labels)

    first, second, other = start("one", "a"), start("one", "b"), start("two", "a")
    assert first.address == second.address != other.address
    assert runtime.of_task("one", "b") is second
    first.kill()
    assert start("three", "a").address != second.address


def test_command_is_executed_in_its_container(runtime: ProcessRuntime) -> None:
    container = run(runtime, "import time; time.sleep(60)", MARK="here")
    check = "import os; raise SystemExit(0 if os.environ['MARK'] == 'here' else 3)"
    assert container.execute(["python", "-c", check], timeout=10) == 0
    assert container.execute(["python", "-c", "raise SystemExit(4)"], timeout=10) == 4
    assert container.execute(["python", "-c", "import time; time.sleep(60)"], timeout=0.2) == 1


def test_two_stacks_share_no_address() -> None:
    first, second = TaskAddresses(45660), TaskAddresses(45661)
    ours = {first.take() for _ in range(253)}
    assert first.gateway not in ours
    assert not ours & {second.take() for _ in range(253)}
    with pytest.raises(NoAddressLeftError):
        first.take()
