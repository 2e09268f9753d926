"""Between GitHub and the queue: who may ask for something, and how often."""

from .defence import Attack, Defence

SIGNATURE = "functions/push_webhook/signature.py"
SECRET = "functions/push_webhook/webhook_secret.py"
WEBHOOK = "functions/push_webhook/handler.py"
EVENT = "functions/push_webhook/push_event.py"
WORK = "layers/control_plane/control_plane/push_work.py"
LEDGER = "layers/control_plane/control_plane/delivery_ledger.py"
GATE_HANDLER = "functions/push_gate/handler.py"

OF_SIGNATURE = "tests/unit/test_push_signature.py"
OF_AGAIN = "tests/integration/push_webhook/test_again.py"
OF_ANSWERS = "tests/integration/push_webhook/test_answers.py"
OF_SECRET = "tests/integration/push_webhook/test_secret.py"
OF_EVENT = "tests/unit/test_push_event.py"
OF_WORK = "tests/unit/test_push_work.py"
OF_LEDGER = "tests/integration/test_delivery_ledger.py"
OF_GATE = "tests/integration/push_gate/test_push_gate.py"

DEFENCES = (
    Defence(
        Attack.FORGED,
        "the signature is compared with that of the body",
        SIGNATURE,
        "hmac.compare_digest(sent, digest)",
        "True",
        (f"{OF_SIGNATURE}::test_body_with_one_byte_changed_is_wrong",),
    ),
    Defence(
        Attack.FORGED,
        "nothing is parsed before the signature is right",
        WEBHOOK,
        'return authenticate(body, request.headers.get("x-hub-signature-256")) or read(request, body)',
        "return read(request, body)",
        (f"{OF_ANSWERS}::test_unsigned_and_sha1_are_refused_before_anything_is_parsed",),
    ),
    Defence(
        Attack.SHA_1,
        "no other header is read",
        WEBHOOK,
        'return authenticate(body, request.headers.get("x-hub-signature-256")) or read(request, body)',
        'import hmac\n    if request.headers.get("x-hub-signature") in {\n'
        '        "sha1=" + hmac.new(secret, body, "sha1").hexdigest() for secret in webhook_secret.secrets()\n    }:\n'
        "        return read(request, body)\n"
        '    return authenticate(body, request.headers.get("x-hub-signature-256")) or read(request, body)',
        (f"{OF_ANSWERS}::test_signature_of_sha1_that_is_right_counts_for_nothing",),
    ),
    Defence(
        Attack.SHA_1,
        "no other signature is understood",
        SIGNATURE,
        'found = _SIGNATURE.fullmatch(signature or "")',
        'if signature in {"sha1=" + hmac.new(secret, body, hashlib.sha1).hexdigest() for secret in secrets}:\n'
        '        return "valid"\n'
        '    found = _SIGNATURE.fullmatch(signature or "")',
        (f"{OF_SIGNATURE}::test_what_github_never_sends_is_malformed",),
    ),
    Defence(
        Attack.EMPTY_SECRET,
        "the function does not start without a secret",
        SECRET,
        "if not current.strip():",
        "if False:",
        (f"{OF_SECRET}::test_function_does_not_start_without_a_secret",),
    ),
    Defence(
        Attack.EMPTY_SECRET,
        "a previous secret that is empty is none",
        SECRET,
        "for secret in (current, previous) if secret.strip())",
        "for secret in (current, previous))",
        (f"{OF_SIGNATURE}::test_secret_has_a_current_and_maybe_a_previous_value",),
    ),
    Defence(
        Attack.EMPTY_SECRET,
        "nothing is compared with what an empty secret signs",
        SIGNATURE,
        "for secret in secrets if secret]",
        "for secret in secrets]",
        (f"{OF_SIGNATURE}::test_no_secret_and_an_empty_one_accept_nothing",),
    ),
    Defence(
        Attack.REPLAY,
        "a delivery that was seen is not queued again",
        WEBHOOK,
        "if isinstance(claim, Refused):",
        "if False:",
        (f"{OF_AGAIN}::test_delivery_that_is_queued_running_or_done_is_a_duplicate",),
    ),
    Defence(
        Attack.ADDRESSES,
        "a repository is its number, whatever address a payload names",
        EVENT,
        'repository_id=fields.number("repository", "id"),',
        'repository_id=sum(fields.text("repository", "url").encode()),',
        (f"{OF_EVENT}::test_urls_of_a_payload_do_not_matter",),
    ),
    Defence(
        Attack.ADDRESSES,
        "another repository is ignored",
        EVENT,
        'fields.text("repository", "full_name").lower() != configuration.repository.lower():',
        "False:",
        (f"{OF_EVENT}::test_other_repository_is_ignored_and_counted",),
    ),
    Defence(
        Attack.INJECTION,
        "a commit's id is 40 or 64 hexadecimal digits",
        WORK,
        "isinstance(value, str) and _SHA.fullmatch(value) is not None",
        "isinstance(value, str)",
        (f"{OF_WORK}::test_bad_field_is_named",),
    ),
    Defence(
        Attack.INJECTION,
        "a ref has no character that git does not allow",
        WORK,
        "_REF.fullmatch(value) is None or ",
        "",
        (f"{OF_WORK}::test_bad_field_is_named",),
    ),
    Defence(
        Attack.INJECTION,
        "a ref does not go up",
        WORK,
        ' or ".." in value:',
        ":",
        (f"{OF_WORK}::test_bad_field_is_named",),
    ),
    Defence(
        Attack.INJECTION,
        "a delivery's id is one",
        WORK,
        "isinstance(value, str) and _DELIVERY.fullmatch(value) is not None",
        "isinstance(value, str)",
        (f"{OF_EVENT}::test_delivery_without_a_proper_id_is_refused", f"{OF_WORK}::test_bad_field_is_named"),
    ),
    Defence(
        Attack.INJECTION,
        "a message has the fields of this version and no others",
        WORK,
        "if unknown := set(fields) - expected:",
        "if unknown := set():",
        (f"{OF_WORK}::test_message_of_another_version_is_refused_by_name",),
    ),
    Defence(
        Attack.NESTING,
        "a signed body is read within Python's own depth",
        WEBHOOK,
        "except (ValueError, RecursionError):",
        "except ValueError:",
        (f"{OF_ANSWERS}::test_signed_body_that_is_no_payload_is_malformed",),
    ),
    Defence(
        Attack.FORK,
        "a pull request from elsewhere is not trusted",
        EVENT,
        "trusted=False,",
        "trusted=True,",
        (f"{OF_EVENT}::test_commit_of_a_fork_is_not_trusted",),
    ),
    Defence(
        Attack.FORK,
        "a repository is known by its number, not by the name that a fork tells",
        EVENT,
        'if fields.optional_number("pull_request", "head", "repo", "id") == fields.number("repository", "id"):',
        'if fields.find("pull_request", "head", "repo", "full_name") == fields.text("repository", "full_name"):',
        (f"{OF_EVENT}::test_fork_cannot_pass_for_the_repository_by_its_name",),
    ),
    Defence(
        Attack.FORK,
        "a check that is asked for again is trusted only where GitHub knows its branch",
        EVENT,
        "trusted=bool(branch)",
        "trusted=True",
        (f"{OF_EVENT}::test_check_asked_for_again_is_trusted_only_where_github_knows_its_branch",),
    ),
    Defence(
        Attack.TWICE,
        "a delivery that is queued or running cannot be claimed until its lease ends",
        LEDGER,
        "OR (phase IN (:queued, :running) AND lease_until <= :now)",
        "OR phase IN (:queued, :running) OR lease_until <= :now",
        (f"{OF_LEDGER}::test_second_claim_is_refused_until_the_lease_ends",),
    ),
    Defence(
        Attack.TWICE,
        "a delivery that is running cannot be started until its lease ends",
        LEDGER,
        "OR (phase = :running AND lease_until <= :now)",
        "OR phase = :running OR lease_until <= :now",
        (f"{OF_LEDGER}::test_message_that_comes_twice_is_run_by_one",),
    ),
    Defence(
        Attack.TWICE,
        "a claim is given back by its owner alone, and not once the delivery is done",
        LEDGER,
        '"claim = :claim AND phase <> :done"',
        '"claim = :claim OR phase <> :done"',
        (
            f"{OF_LEDGER}::test_worker_whose_lease_ended_takes_nothing_from_its_successor",
            f"{OF_LEDGER}::test_what_is_done_never_runs_again",
        ),
    ),
    Defence(
        Attack.TWICE,
        "a message whose delivery is running or done is left alone",
        GATE_HANDLER,
        "if isinstance(claim, Refused):",
        "if False:",
        (f"{OF_GATE}::test_message_that_comes_twice_is_judged_once",),
    ),
    Defence(
        Attack.TWICE,
        "a delivery that was judged is done for ever",
        GATE_HANDLER,
        "ledger.done(work.delivery)",
        "pass",
        (f"{OF_GATE}::test_message_that_comes_twice_is_judged_once",),
    ),
)
