"""Airflow's side of releases, run by the interpreter of the Airflow environment."""

from pathlib import Path

from tests.unit.test_airflow_extension import in_airflow

RELEASES = """
import hashlib, json, os
from pathlib import Path
root = Path(os.environ["AIRFLOW_HOME"]) / "efs"
IDS = [f"{number:010d}-abcd-012345" for number in range(1, 4)]
def add(release_id, **files):
    dags = root / "releases" / release_id / "dags"
    dags.mkdir(parents=True)
    for name, text in files.items():
        (dags / f"{name}.py").write_text(text)
    (dags.parent / "manifest.json").write_text(json.dumps({"changed_at": "2026-01-01T00:00:00+00:00"}))
from farflow.release_bundle import ReleaseBundle
"""


def test_bundle_moves_forward_only_and_only_when_it_is_refreshed(tmp_path: Path) -> None:
    code = """
bundle = ReleaseBundle(name="dags", root=str(root))
bundle.initialize()
print(bundle.get_current_version(), list(bundle.path.glob("*")))
add(IDS[1])
print(bundle.get_current_version())
bundle.refresh()
first = bundle.path
add(IDS[0])
bundle.refresh()
print(bundle.get_current_version().version == IDS[1])
add(IDS[2])
print(bundle.path == first)
bundle.refresh()
print(bundle.path == root / "releases" / IDS[2] / "dags")
os.rename(root / "releases" / IDS[2], root / "hidden")
bundle.refresh()
print(bundle.get_current_version().version == IDS[2])
"""
    assert in_airflow(RELEASES + code, tmp_path).splitlines()[-6:] == ["None []", "None", *["True"] * 4]


def test_bundle_of_a_version_stays_there_and_says_when_it_is_gone(tmp_path: Path) -> None:
    code = """
add(IDS[0])
add(IDS[1])
bundle = ReleaseBundle(name="dags", root=str(root), version=IDS[0])
bundle.initialize()
print(bundle.path == root / "releases" / IDS[0] / "dags", bundle.get_current_version().version == IDS[0])
try:
    bundle.refresh()
except RuntimeError as error:
    print(error)
try:
    ReleaseBundle(name="dags", root=str(root), version=IDS[2]).initialize()
except Exception as error:
    print(type(error).__name__, "latest bundle version" in str(error))
"""
    lines = in_airflow(RELEASES + code, tmp_path).splitlines()
    assert lines[-3:] == ["True True", "a bundle of one version does not refresh", "ReleaseRemovedError True"]


MANAGER = (
    RELEASES
    + """
from collections import OrderedDict
from datetime import UTC, datetime
from types import SimpleNamespace
from airflow.dag_processing.manager import DagFileInfo, DagFileProcessorManager, DagFileStat, BundleState
from farflow import dag_processor
dag_processor.releases_in_use.tell = lambda *arguments: None
add(IDS[0])
bundle = ReleaseBundle(name="dags", root=str(root))
bundle.initialize()
manager = dag_processor.ReleaseProcessorManager(max_runs=-1)
manager._dag_bundles = [bundle]
stored, written, parsed = [BundleState(None, IDS[0])], [], []
DagFileProcessorManager.get_bundle_state = lambda self, name: stored[0]
DagFileProcessorManager.update_bundle_state = lambda self, name, **fields: written.append(fields["version"])
DagFileProcessorManager.handle_parsing_result = lambda self, file, proc: parsed.append(file)
def files(path):
    return [DagFileInfo(Path(f"{name}.py"), "dags", path) for name in "ab"]
def finished():
    return DagFileStat(last_finish_time=datetime.now(UTC))
def change(release_id):
    add(release_id)
    bundle.refresh()
    manager.update_bundle_state("dags", last_refreshed=None, version=release_id)
"""
)


def test_new_release_makes_every_file_due_where_it_lies_now(tmp_path: Path) -> None:
    code = """
old = files(bundle.path)
other = DagFileInfo(Path("x.py"), "other", Path("/x"))
manager._file_stats.update({file: finished() for file in (*old, other)})
manager._callback_to_execute[old[1]] = ["a callback"]
manager._file_queue = OrderedDict.fromkeys([*old, other])
change(IDS[1])
print([stat.last_finish_time is None for stat in manager._file_stats.values()])
print([file.rel_path.name for file in manager._file_queue], written)
"""
    lines = in_airflow(MANAGER + code, tmp_path).splitlines()
    assert lines[-2] == "[True, True, False]"
    assert lines[-1] == "['b.py', 'x.py'] ['0000000002-abcd-012345']"


def test_what_was_parsed_in_the_former_release_is_not_stored_as_the_new_one_s(tmp_path: Path) -> None:
    code = """
(old, _), process = files(bundle.path), SimpleNamespace()
manager.handle_parsing_result(old, process)
print(len(parsed))
change(IDS[1])
manager.handle_parsing_result(old, process)
print(len(parsed))
manager.handle_parsing_result(files(bundle.path)[0], process)
pinned = DagFileInfo(Path("a.py"), "dags", Path("/elsewhere"), bundle_version=IDS[0])
manager.handle_parsing_result(pinned, process)
print(len(parsed))
"""
    lines = [line for line in in_airflow(MANAGER + code, tmp_path).splitlines() if len(line) == 1]
    assert lines == ["1", "1", "3"]


def test_time_to_parsed_is_told_once_when_all_files_of_a_new_release_are(tmp_path: Path) -> None:
    code = """
known = {"dags": set(files(bundle.path))}
def turn():
    manager.print_stats(known_files=known)
manager.update_bundle_state("dags", last_refreshed=None, version=IDS[0])
manager._file_stats.update({file: finished() for file in known["dags"]})
print("start"); turn()
change(IDS[1])
known["dags"] = set(files(bundle.path))
print("changed"); turn()
one, two = sorted(known["dags"], key=lambda file: file.rel_path)
manager._file_stats[one] = finished()
print("half"); turn()
manager._file_stats[two] = finished()
print("all"); turn(); turn()
print("end")
"""
    lines = in_airflow(MANAGER + code, tmp_path).splitlines()
    told = ["metric" if "SecondsToParsed" in line else line for line in lines]
    expected = ["start", "changed", "half", "all", "metric", "end"]
    assert [line for line in told if line in expected] == expected
