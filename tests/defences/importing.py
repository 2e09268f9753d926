"""What holds code that is imported before anybody trusts it, and what its import is taken for."""

from .defence import Attack, Defence

FUNCTION = "airflow/farflow/lint_sandbox.py"
MAIN = "airflow/farflow/dag_import/__main__.py"
ISOLATION = "airflow/farflow/dag_import/isolation.py"
ONE_FILE = "airflow/farflow/dag_import/one_file.py"
SUPERVISOR = "airflow/farflow/dag_import/supervisor.py"
STAND_INS = "airflow/farflow/dag_import/stand_ins.py"
WITNESS = "airflow/farflow/dag_import/watched_calls.py"
SANDBOX = "functions/push_gate/sandbox.py"
IMPORTED = "layers/dag_lint/dag_lint/imports/imported.py"
REQUEST = "layers/dag_lint/dag_lint/imports/request.py"
LINT = "layers/dag_lint/dag_lint/lint.py"
STACK = "stacks/push_gate.yaml"
NETWORK = "stacks/network.yaml"

OF_ATTACKS = "tests/integration/dag_import/test_attacks.py"
OF_REMAINS = "tests/integration/dag_import/test_remains.py"
OF_LIMITS = "tests/unit/test_import_limits.py"
OF_ANSWER = "tests/unit/test_import_answer.py"
OF_TEMPLATE = "tests/contract/test_lint_sandbox.py"
OF_DOOR = "tests/integration/dag_lint/test_import_door.py"
OF_REPLIES = "tests/integration/dag_lint/test_importing.py"
OF_IMPORTED = "tests/unit/test_lint_imported.py"
OF_GATE = "tests/integration/push_gate/test_push_gate.py"

DEFENCES = (
    # ---- what the function may do and reach ----
    Defence(
        Attack.CREDENTIALS,
        "the role may write a log and nothing else",
        STACK,
        "Action: [logs:CreateLogStream, logs:PutLogEvents], Resource: !GetAtt LintSandboxLogs.Arn",
        "Action: [logs:CreateLogStream, logs:PutLogEvents, s3:GetObject], Resource: !GetAtt LintSandboxLogs.Arn",
        (f"{OF_TEMPLATE}::test_its_code_may_write_a_log_and_nothing_else",),
    ),
    Defence(
        Attack.CREDENTIALS,
        "what Lambda needs for the network is denied to the code",
        STACK,
        "Effect: Deny",
        "Effect: Allow",
        (f"{OF_TEMPLATE}::test_its_code_may_write_a_log_and_nothing_else",),
    ),
    Defence(
        Attack.CREDENTIALS,
        "no process that imports has the role's credentials in its environment",
        FUNCTION,
        "environ = {name: os.environ[name] for name in PASSED_ON if name in os.environ}",
        "environ = dict(os.environ)",
        (f"{OF_ATTACKS}::TestFunction::test_credentials_are_in_no_process_that_imports",),
    ),
    Defence(
        Attack.CREDENTIALS,
        "who asks for credentials is told of",
        STAND_INS,
        "if name.startswith(CREDENTIALS):",
        "if False:",
        (f"{OF_REMAINS}::test_file_that_asks_for_credentials_is_told_of",),
    ),
    Defence(
        Attack.NETWORK,
        "the function's security group lets nothing out",
        NETWORK,
        '{IpProtocol: "-1", CidrIp: 127.0.0.1/32, Description: Nowhere}',
        '{IpProtocol: "-1", CidrIp: 0.0.0.0/0, Description: Anywhere}',
        (f"{OF_TEMPLATE}::test_it_has_no_way_out",),
    ),
    Defence(
        Attack.NETWORK,
        "the function is in the VPC",
        STACK,
        "        SecurityGroupIds: [!Ref LintSandboxSecurityGroupId]\n",
        "",
        (f"{OF_TEMPLATE}::test_it_has_no_way_out",),
    ),
    Defence(
        Attack.NETWORK,
        "the function asks for a network namespace of its own",
        FUNCTION,
        '"--cut-network", ',
        "",
        (f"{OF_ATTACKS}::TestFunction::test_network_is_cut",),
    ),
    Defence(
        Attack.NETWORK,
        "there is no network in that namespace",
        ISOLATION,
        "os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)",
        "os.unshare(os.CLONE_NEWUSER)",
        (f"{OF_REMAINS}::test_file_reaches_no_server_of_this_machine",),
    ),
    Defence(
        Attack.NETWORK,
        "who uses the network is told of",
        WITNESS,
        '**dict.fromkeys(NETWORK, "uses the network"),',
        "",
        (f"{OF_REMAINS}::test_file_reaches_no_server_of_this_machine",),
    ),
    # ---- what a file's process may do and use ----
    Defence(
        Attack.PROCESSES,
        "what a file started is ended with it",
        SUPERVISOR,
        "isolation.end_children(set(self._running))",
        "pass",
        (f"{OF_REMAINS}::test_process_in_a_session_of_its_own_is_ended_with_the_file",),
    ),
    Defence(
        Attack.PROCESSES,
        "what a file left without a parent is the supervisor's to end",
        MAIN,
        "isolation.adopt_orphans()",
        "pass",
        (f"{OF_REMAINS}::test_process_in_a_session_of_its_own_is_ended_with_the_file",),
    ),
    Defence(
        Attack.PROCESSES,
        "who starts a process is told of",
        WITNESS,
        '**dict.fromkeys(PROCESSES, "starts a process"),',
        "",
        (f"{OF_REMAINS}::test_process_in_a_session_of_its_own_is_ended_with_the_file",),
    ),
    Defence(
        Attack.DISK,
        "a file that is written has so many bytes at most",
        ISOLATION,
        "(resource.RLIMIT_FSIZE, FILE_BYTES),",
        "",
        (f"{OF_LIMITS}::test_file_ends_at_its_limit",),
    ),
    Defence(
        Attack.DISK,
        "the function has the smallest disk and no file system",
        STACK,
        "TenancyConfig: {TenantIsolationMode: PER_TENANT}",
        "TenancyConfig: {TenantIsolationMode: PER_TENANT}\n      EphemeralStorage: {Size: 10240}",
        (f"{OF_TEMPLATE}::test_it_is_given_no_secret_no_file_system_and_the_smallest_disk",),
    ),
    Defence(
        Attack.MEMORY,
        "a process has so much memory at most",
        ISOLATION,
        "(resource.RLIMIT_AS, pages * resource.getpagesize() + MEMORY_BYTES),",
        "",
        (f"{OF_LIMITS}::test_memory_ends_at_its_limit",),
    ),
    Defence(
        Attack.MEMORY,
        "a file is imported within these limits",
        ONE_FILE,
        "isolation.limit(request.seconds_per_file)",
        "pass",
        (f"{OF_REMAINS}::test_file_is_imported_within_limits",),
    ),
    Defence(
        Attack.TIME,
        "a process has so much processor time at most",
        ISOLATION,
        "resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))",
        "pass",
        (f"{OF_LIMITS}::test_processor_time_ends_with_a_signal_that_says_so_and_else_for_good",),
    ),
    Defence(
        Attack.TIME,
        "a process that waits is ended",
        SUPERVISOR,
        "if now - child.began > patience or now > self.deadline]",
        "if now > self.deadline]",
        (f"{OF_REMAINS}::test_file_that_waits_is_ended_when_its_time_is_over",),
    ),
    Defence(
        Attack.TIME,
        "what came too late does not count",
        SUPERVISOR,
        "if late or _signal(status) == signal.SIGXCPU:",
        "if _signal(status) == signal.SIGXCPU:",
        (f"{OF_ANSWER}::test_result_that_came_too_late_is_none",),
    ),
    Defence(
        Attack.TIME,
        "an import that takes longer than Airflow waits is a finding",
        IMPORTED,
        " or file.seconds > IMPORT_SECONDS:",
        ":",
        (f"{OF_IMPORTED}::test_import_that_went_wrong_is_a_finding",),
    ),
    Defence(
        Attack.PARENT,
        "a file does not outlive the supervisor that it killed",
        SUPERVISOR,
        "isolation.die_with_parent(supervisor)",
        "pass",
        (f"{OF_REMAINS}::test_file_that_kills_its_supervisor_does_not_outlive_it",),
    ),
    Defence(
        Attack.PARENT,
        "a supervisor that did not end well has said nothing",
        FUNCTION,
        "if result.returncode != 0:",
        'if result.returncode != 0:\n        return {"files": []}\n    if not result.stdout:',
        (f"{OF_ATTACKS}::TestFunction::test_crash_is_an_error_of_the_function",),
    ),
    Defence(
        Attack.PARENT,
        "a function that crashed has said nothing",
        SANDBOX,
        'raise SandboxUnavailableError(f"the sandbox that imports DAGs crashed: {_told(content)}")',
        'return {"files": [{"path": path, "outcome": "imported", "seconds": 0, "dag_ids": [], "error": None,'
        ' "violations": [], "stand_ins": []} for path in json.loads(payload)["imports"]], "image": image}',
        (f"{OF_GATE}::test_sandbox_that_crashes_is_no_pass",),
    ),
    Defence(
        Attack.PROC,
        "the supervisor's environment and memory are hidden",
        MAIN,
        "isolation.hide_memory()",
        "pass",
        (f"{OF_REMAINS}::test_file_cannot_look_into_its_supervisor",),
    ),
    Defence(
        Attack.PROC,
        "so are those of the function's own process, which has the credentials",
        FUNCTION,
        "isolation.hide_memory()",
        "pass",
        (f"{OF_ATTACKS}::TestFunction::test_runtime_s_own_memory_is_hidden_too",),
    ),
    Defence(
        Attack.PROC,
        "who looks there is told of",
        WITNESS,
        '(name.startswith("/proc/") and name.endswith(OF_PROCESSES)) or ',
        "",
        (f"{OF_REMAINS}::test_file_that_asks_for_credentials_is_told_of",),
    ),
    Defence(
        Attack.PROC,
        "a file has no descriptor of the supervisor's",
        ONE_FILE,
        "    _close_all_but(pipe)\n    os.setsid()",
        "    os.setsid()",
        (f"{OF_REMAINS}::test_file_has_no_descriptor_but_its_own_pipe",),
    ),
    # ---- what it leaves behind, and what it says ----
    Defence(
        Attack.POISON,
        "each folder has environments of its own in Lambda",
        STACK,
        "      TenancyConfig: {TenantIsolationMode: PER_TENANT}\n",
        "",
        (f"{OF_TEMPLATE}::test_each_folder_has_environments_of_its_own",),
    ),
    Defence(
        Attack.POISON,
        "a folder is the tenant",
        SANDBOX,
        "TenantId=tenant)",
        'TenantId="everybody")',
        (f"{OF_GATE}::test_each_folder_is_imported_where_no_other_was",),
    ),
    Defence(
        Attack.POISON,
        "what a file wrote beside itself is taken away",
        SUPERVISOR,
        "if any(violation.what.startswith(CHANGING) for violation in told.violations):",
        "if False:",
        (f"{OF_ATTACKS}::test_what_a_file_wrote_beside_itself_is_not_there_for_the_next",),
    ),
    Defence(
        Attack.POISON,
        "a tree that was changed unseen gives no answer",
        SUPERVISOR,
        "self._check_all()",
        "pass",
        (f"{OF_ATTACKS}::test_tree_that_was_changed_unseen_gives_no_reply",),
    ),
    Defence(
        Attack.POISON,
        "no file's bytecode is written for another",
        MAIN,
        "sys.dont_write_bytecode = True",
        "pass",
        (f"{OF_ATTACKS}::test_what_a_file_wrote_beside_itself_is_not_there_for_the_next",),
    ),
    Defence(
        Attack.FORGED_RESULT,
        "a result has the number that the file was not told",
        SUPERVISOR,
        'elif record["token"] == token:',
        'elif "token" in record:',
        (f"{OF_ANSWER}::test_result_that_somebody_else_may_have_written_is_a_crash",),
    ),
    Defence(
        Attack.FORGED_RESULT,
        "there is one result and nothing strange beside it",
        SUPERVISOR,
        "if strange or len(results) != 1 or status != 0:",
        "if not results or status != 0:",
        (f"{OF_ANSWER}::test_result_that_somebody_else_may_have_written_is_a_crash",),
    ),
    Defence(
        Attack.FORGED_RESULT,
        "a process that did not end well has no result",
        SUPERVISOR,
        "if strange or len(results) != 1 or status != 0:",
        "if strange or len(results) != 1:",
        (f"{OF_ANSWER}::test_result_of_a_process_that_did_not_end_well_is_a_crash",),
    ),
    Defence(
        Attack.FORGED_RESULT,
        "an import can only add findings",
        LINT,
        "findings += findings_of(report, asked)",
        "findings = list(findings_of(report, asked))",
        (f"{OF_DOOR}::test_importer_cannot_take_a_finding_away",),
    ),
    Defence(
        Attack.FORGED_RESULT,
        "a file that the import says nothing of is no pass",
        IMPORTED,
        "    if missing:\n",
        "    asked = [path for path in asked if path not in missing]\n    if not isinstance(missing, list):\n",
        (f"{OF_IMPORTED}::test_file_that_the_report_does_not_speak_of_is_no_pass",),
    ),
    Defence(
        Attack.FORGED_RESULT,
        "an outcome is one of those that there are",
        REQUEST,
        "if outcome not in get_args(Outcome):",
        "if False:",
        (f"{OF_REPLIES}::test_reply_that_is_none_is_no_verdict",),
    ),
    Defence(
        Attack.FORGED_RESULT,
        "nothing is imported that the gates refuse",
        LINT,
        "if importer and not in_the_way:",
        "if importer:",
        (f"{OF_DOOR}::test_nothing_is_imported_beside_what_the_gates_refuse",),
    ),
)
