"""The App's JSON Web Token, and the installation's tokens."""

import base64
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from local.github import identity
from local.github.running import LocalGitHub, LocalGitHubError
from tests.integration.local_github.clone import Clone
from tests.integration.local_github.conftest import Client, json_web_token, public_key

TOKENS = f"/app/installations/{identity.INSTALLATION_ID}/access_tokens"
NO_JWT = "A JSON web token could not be decoded"


def test_app_knows_itself_and_its_installation(app: Client) -> None:
    assert app.get("/app")["id"] == identity.APP_ID
    assert app.get("installation")["id"] == identity.INSTALLATION_ID
    assert app.call("GET", "/repos/farflow/other/installation").status == 404


def test_app_signs_in_with_its_id_or_its_client_id(app: Client, app_key: rsa.RSAPrivateKey) -> None:
    client_id = app.get("/app")["client_id"]
    for issuer in (client_id, identity.APP_ID, str(identity.APP_ID)):
        assert Client(app.github, json_web_token(app_key, iss=issuer)).call("GET", "/app").status == 200


def test_key_may_be_given_as_kms_gives_it(github: LocalGitHub, app_key: rsa.RSAPrivateKey) -> None:
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    der = base64.b64encode(app_key.public_key().public_bytes(encoding, form)).decode()
    github.tell("PUT", "/app", {"public_key": der})
    assert Client(github, json_web_token(app_key)).get("/app")["id"] == identity.APP_ID


@pytest.mark.parametrize("key", ["", "nonsense", "-----BEGIN PUBLIC KEY-----\n"])
def test_key_that_is_none_is_refused(github: LocalGitHub, key: str) -> None:
    with pytest.raises(LocalGitHubError, match="RSA public key"):
        github.tell("PUT", "/app", {"public_key": key})


def test_elliptic_key_is_refused(github: LocalGitHub) -> None:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    key = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(encoding, form).decode()
    with pytest.raises(LocalGitHubError, match="RS256"):
        github.tell("PUT", "/app", {"public_key": key})


NOW = int(time.time())


CLAIMS: list[tuple[dict[str, Any], dict[str, str], int, str]] = [
    ({"exp": NOW - 5}, {}, 401, "'Expiration time' claim ('exp') must be a numeric value"),
    ({"exp": None}, {}, 401, "'Expiration time' claim ('exp') must be a numeric value"),
    ({"exp": NOW + 100_000}, {}, 401, "'Expiration time' claim ('exp') is too far in the future"),
    ({"iat": NOW + 100_000}, {}, 401, "'Issued at' claim ('iat') must be an Integer"),
    ({"iat": "now"}, {}, 401, "'Issued at' claim ('iat') must be an Integer"),
    ({"iat": None}, {}, 401, "'Issued at' claim ('iat') must be an Integer"),
    ({"iss": 1}, {}, 404, "Integration not found"),
    ({"iss": None}, {}, 404, "Integration not found"),
    ({}, {"alg": "none"}, 401, NO_JWT),
    ({}, {"alg": "HS256"}, 401, NO_JWT),
]


def test_token_of_the_app_with_wrong_claims_is_refused(app: Client, app_key: rsa.RSAPrivateKey) -> None:
    for claims, header, status, message in CLAIMS:
        reply = Client(app.github, json_web_token(app_key, header, **claims)).call("POST", TOKENS, {})
        assert (reply.status, reply.body["message"].startswith(message)) == (status, True), (claims, reply.body)


def test_token_signed_with_another_key_is_refused(app: Client) -> None:
    other = rsa.generate_private_key(65537, 2048)
    reply = Client(app.github, json_web_token(other)).call("POST", TOKENS, {})
    assert (reply.status, reply.body["message"]) == (401, NO_JWT)


def test_token_with_changed_claims_is_refused(app: Client, app_key: rsa.RSAPrivateKey) -> None:
    signed, other = json_web_token(app_key), json_web_token(app_key, exp=NOW + 100)
    header, _, signature = signed.split(".")
    forged = f"{header}.{other.split('.')[1]}.{signature}"
    assert Client(app.github, forged).call("GET", "/app").status == 401


def test_app_without_a_key_cannot_sign_in(github: LocalGitHub, app_key: rsa.RSAPrivateKey) -> None:
    reply = Client(github, json_web_token(app_key)).call("GET", "/app")
    assert (reply.status, reply.body["message"]) == (401, "Integration must generate a public key")


def test_new_key_ends_the_old_one(app: Client, app_key: rsa.RSAPrivateKey) -> None:
    other = rsa.generate_private_key(65537, 2048)
    app.github.tell("PUT", "/app", {"public_key": public_key(other)})
    assert app.call("GET", "/app").status == 401
    assert Client(app.github, json_web_token(other)).call("GET", "/app").status == 200


def test_installation_s_token_lasts_an_hour_and_is_long(app: Client) -> None:
    body = app.send("POST", TOKENS, {})
    assert len(body["token"]) > 255
    left = time.mktime(time.strptime(body["expires_at"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone - time.time()
    assert 3500 < left <= 3600
    assert body["permissions"] == dict(identity.APP_PERMISSIONS)


def test_narrowed_token_may_no_more_than_it_was_given(clone: Clone, app: Client) -> None:
    sha = clone.commit({"a": "1"})
    clone.push()
    wanted = {"permissions": {"contents": "read"}, "repository_ids": [identity.REPOSITORY_ID]}
    body = app.send("POST", TOKENS, wanted)
    assert body["permissions"] == {"contents": "read", "metadata": "read"}
    assert [each["id"] for each in body["repositories"]] == [identity.REPOSITORY_ID]
    narrow = Client(app.github, body["token"])
    assert narrow.get("git/ref/heads/main")["object"]["sha"] == sha
    for method, path, said in (
        ("POST", "check-runs", {"name": "lint", "head_sha": sha}),
        ("GET", f"commits/{sha}/check-runs", None),
        ("POST", f"statuses/{sha}", {"state": "success"}),
    ):
        reply = narrow.call(method, path, said)
        assert (reply.status, reply.body["message"]) == (403, "Resource not accessible by integration")


def test_reading_checks_is_not_writing_them(clone: Clone, app: Client) -> None:
    sha = clone.commit({"a": "1"})
    clone.push()
    reader = Client(app.github, app.send("POST", TOKENS, {"permissions": {"checks": "read"}})["token"])
    assert reader.get(f"commits/{sha}/check-runs")["total_count"] == 0
    assert reader.call("POST", "check-runs", {"name": "lint", "head_sha": sha}).status == 403


BEYOND: list[dict[str, Any]] = [
    {"permissions": {"contents": "write"}},
    {"permissions": {"administration": "read"}},
    {"permissions": {"checks": "admin"}},
    {"repository_ids": [1]},
    {"repositories": ["other"]},
    {"permissions": ["checks"]},
]


def test_more_than_the_app_was_granted_is_refused(app: Client) -> None:
    for wanted in BEYOND:
        assert app.call("POST", TOKENS, wanted).status == 422, wanted


def test_other_installation_is_not_found(app: Client) -> None:
    assert app.call("POST", "/app/installations/1/access_tokens", {}).status == 404


def test_each_credential_is_for_its_own_endpoints(app: Client, installation: Client, person: Client) -> None:
    assert installation.call("GET", "/app").body["message"] == NO_JWT
    assert person.call("POST", TOKENS, {}).status == 401
    assert app.call("GET", "branches/main").status == 403


def test_person_cannot_write_check_runs_but_statuses(clone: Clone, person: Client) -> None:
    sha = clone.commit({"a": "1"})
    clone.push()
    reply = person.call("POST", "check-runs", {"name": "lint", "head_sha": sha})
    assert (reply.status, reply.body["message"]) == (403, "You must authenticate via a GitHub App.")
    assert person.send("POST", f"statuses/{sha}", {"state": "pending"})["creator"]["type"] == "User"


def test_person_s_token_has_the_permissions_it_was_given(clone: Clone, github: LocalGitHub) -> None:
    sha = clone.commit({"a": "1"})
    clone.push()
    github.tell("PUT", "/token", {"token": "weak", "permissions": {"contents": "read"}})
    weak = Client(github, "weak")
    assert weak.call("GET", f"commits/{sha}").status == 200
    reply = weak.call("POST", f"statuses/{sha}", {"state": "success"})
    assert reply.body["message"] == "Resource not accessible by personal access token"


def test_scheme_of_the_header_may_be_token_or_bearer(clone: Clone, installation: Client) -> None:
    clone.commit({"a": "1"})
    clone.push()
    for scheme, status in (("token", 200), ("bearer", 200), ("Basic", 401)):
        headers = {"Authorization": f"{scheme} {installation.credential}"}
        assert installation.github.api("branches/main", headers=headers).status == status
