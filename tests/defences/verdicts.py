"""What is told of a commit, and what is published of it."""

from .defence import Attack, Defence

TEXT = "functions/push_gate/report_text.py"
REPORT = "functions/push_gate/report.py"
GATE = "functions/push_gate/gate.py"
JUDGE = "functions/push_gate/judge.py"
SANDBOX = "functions/push_gate/sandbox.py"
GITHUB_API = "functions/push_gate/github_api.py"
CACHE = "functions/push_gate/findings_cache.py"
GITHUB = "functions/push_gate/github.py"
RELEASES = "layers/control_plane/control_plane/dag_releases.py"

OF_TEXT = "tests/unit/test_report_text.py"
OF_REPORT = "tests/integration/push_gate_github/test_report.py"
OF_GATE = "tests/integration/push_gate/test_push_gate.py"
OF_SWEEP = "tests/integration/push_gate/test_sweep.py"
OF_IMPORTED = "tests/unit/test_lint_imported.py"

DEFENCES = (
    Defence(
        Attack.SECRETS,
        "what looks like a secret is redacted",
        TEXT,
        '_SECRETS.sub(REDACTED, text.replace("\\r\\n", "\\n"))',
        'text.replace("\\r\\n", "\\n")',
        (f"{OF_TEXT}::test_secret_is_redacted", f"{OF_GATE}::test_token_in_an_exception_is_not_shown"),
    ),
    Defence(
        Attack.SECRETS,
        "a finding is redacted before it is cut",
        TEXT,
        "code(cut(clean(text), limit))",
        "code(clean(cut(text, limit)))",
        (f"{OF_TEXT}::test_text_is_redacted_and_then_cut",),
    ),
    Defence(
        Attack.SECRETS,
        "a title is redacted",
        REPORT,
        "cut(clean(judgement.title), TITLE_CHARACTERS)",
        "cut(judgement.title, TITLE_CHARACTERS)",
        (f"{OF_REPORT}::test_texts_are_cut_and_redacted",),
    ),
    Defence(
        Attack.SECRETS,
        "an exception's text is cut",
        "layers/dag_lint/dag_lint/imports/imported.py",
        "[:WHY_CHARACTERS]",
        "",
        (f"{OF_IMPORTED}::test_exception_s_text_is_cut",),
    ),
    Defence(
        Attack.MARKUP,
        "what a DAG wrote is shown as code",
        TEXT,
        "code(cut(clean(text), limit))",
        "cut(clean(text), limit)",
        (f"{OF_TEXT}::test_text_of_a_finding_mentions_nobody_and_links_nowhere",),
    ),
    Defence(
        Attack.MARKUP,
        "code ends where it should, whatever backticks are in it",
        TEXT,
        'fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)',
        'fence = "`"',
        (f"{OF_TEXT}::test_text_of_a_finding_mentions_nobody_and_links_nowhere",),
    ),
    Defence(
        Attack.MARKUP,
        "characters that hide or turn others are replaced",
        TEXT,
        '_UNFIT.sub("\\ufffd", _SECRETS.sub(REDACTED, text.replace("\\r\\n", "\\n")))',
        '_SECRETS.sub(REDACTED, text.replace("\\r\\n", "\\n"))',
        (f"{OF_TEXT}::test_character_that_hides_or_turns_others_is_replaced",),
    ),
    Defence(
        Attack.FORK,
        "what is not trusted is not imported",
        JUDGE,
        "importer=self._importer(folder.id) if trusted else None",
        "importer=self._importer(folder.id)",
        (f"{OF_GATE}::test_fork_is_judged_without_an_import_and_never_published",),
    ),
    Defence(
        Attack.FORK,
        "what is not trusted is not published",
        GATE,
        'return work.trusted and work.ref == f"refs/heads/{self.branch}"',
        'return work.ref == f"refs/heads/{self.branch}"',
        (f"{OF_GATE}::test_fork_that_claims_the_deploy_branch_is_not_published",),
    ),
    Defence(
        Attack.FORK,
        "what is found in a fork's files is not kept",
        JUDGE,
        "known=self._known if trusted else None",
        "known=self._known",
        (f"{OF_GATE}::test_fork_s_files_leave_nothing_that_another_verdict_is_made_of",),
    ),
    Defence(
        Attack.FORK,
        "GitHub's requests are kept for branches when they become few",
        GATE,
        "if not work.trusted and repository.requests_left() < FOR_WHO_IS_TRUSTED:",
        "if False:",
        (f"{OF_GATE}::test_forks_cannot_use_up_what_branches_need_of_github",),
    ),
    Defence(
        Attack.FORK,
        "a fork's commit that asks for many requests is ended when they become few",
        GITHUB_API,
        "if answer.download is None and _share_left(answer.headers) < self._kept_back:",
        "if False:",
        (f"{OF_GATE}::test_fork_that_asks_for_many_requests_is_ended_when_they_become_few",),
    ),
    Defence(
        Attack.FORGED_RESULT,
        "what another image says does not count",
        SANDBOX,
        'if not isinstance(reply, dict) or reply.get("image") != image:',
        "if not isinstance(reply, dict):",
        (f"{OF_GATE}::test_answer_of_another_image_does_not_count",),
    ),
    Defence(
        Attack.FORK,
        "a verdict without an import is not kept for one with it",
        CACHE,
        'how = "imported" if imported else "static"',
        'how = "any"',
        (f"{OF_GATE}::test_fork_s_verdict_is_not_taken_for_one_with_an_import",),
    ),
    Defence(
        Attack.FORK,
        "a fork's check has another name",
        GITHUB,
        "return self.report if work.trusted else self.fork_report",
        "return self.report",
        (f"{OF_GATE}::test_fork_s_pass_does_not_hide_the_same_commit_s_failed_import",),
    ),
    Defence(
        Attack.CRASH,
        "a gate that failed tells no success",
        REPORT,
        'conclusion = "failure" if judgement.conclusion == "error"',
        'conclusion = "success" if judgement.conclusion == "error"',
        (f"{OF_REPORT}::test_gate_that_failed_is_never_a_pass",),
    ),
    Defence(
        Attack.REPLAY,
        "a replay rolls nothing back, with everything forgotten that tells that it is one",
        GATE,
        "return repository.live_head(self.branch) == work.after",
        "return True",
        (f"{OF_GATE}::test_delivery_that_is_replayed_later_rolls_nothing_back",),
    ),
    Defence(
        Attack.TWICE,
        "a delivery that published does not publish once more",
        GATE,
        'if judged.verdict == "fail" or work.delivery not in (heads.delivery, heads.publishing):',
        "if True:",
        (f"{OF_SWEEP}::test_retry_does_not_publish_again_what_was_rolled_back_meanwhile",),
    ),
    Defence(
        Attack.OLD_HEAD,
        "the live head alone is published, whichever is judged first",
        GATE,
        "return repository.live_head(self.branch) == work.after",
        "return True",
        (f"{OF_GATE}::test_of_two_pushes_the_last_head_is_published_whichever_is_judged_first",),
    ),
    Defence(
        Attack.OLD_HEAD,
        "the head is asked for after the files were written, before they are named",
        RELEASES,
        "            if not wanted():\n",
        "            if False:\n",
        (f"{OF_GATE}::test_head_that_moves_while_it_is_published_is_not",),
    ),
)
