//! A client library of another language, requests-oauthlib for Python, gets a token and uses it.

use std::{
    path::Path,
    process::{Command, Output},
};

use moca_core::account::TokenConfig;
use moca_core::id::MemberId;
use moca_wire::{
    members::Member,
    tokens::{Token, TokenInput},
};
use serde_json::Value;

use crate::support::binary::Binary;

/// The interpreter that has the Debian package python3-requests-oauthlib.
const PYTHON: &str = "/usr/bin/python3";

/// Gets a token in both ways that RFC 6749 §2.3.1 has, lists apps with each, and prints the tokens.
const GET_TOKENS: &str = r#"
import json, sys
from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

base, ca, client_id, client_secret = sys.argv[1:]
url = base + "/oauth/token"
tokens = []
for credentials in (
    {"auth": HTTPBasicAuth(client_id, client_secret)},
    {"client_id": client_id, "client_secret": client_secret, "include_client_id": True},
):
    session = OAuth2Session(client=BackendApplicationClient(client_id=client_id))
    token = session.fetch_token(url, verify=ca, **credentials)
    answer = session.get(base + "/v2/apps", verify=ca)
    answer.raise_for_status()
    assert answer.json()["total"] == 0, answer.text
    tokens.append(token)
print(json.dumps(tokens))
"#;

/// Lists apps with each of the tokens on the command line and prints the statuses and codes.
const USE_TOKENS: &str = r#"
import json, sys
from requests_oauthlib import OAuth2Session

base, ca, tokens = sys.argv[1:]
answers = []
for token in json.loads(tokens):
    answer = OAuth2Session(token=token).get(base + "/v2/apps", verify=ca)
    answers.append([answer.status_code, answer.json()["code"]])
print(json.dumps(answers))
"#;

#[tokio::test]
async fn a_python_client_gets_tokens_which_end_with_their_parent() {
    require_library();
    let directory = tempfile::tempdir().unwrap();
    let binary = Binary::start(directory.path());
    let client = binary.client();
    let members = client.list::<Member>(&Default::default()).await.unwrap();
    let parent = make_token(&client, members.items[0].member_id).await;
    let (base, ca) = (binary.base_url(), binary.ca_path());

    let secret = parent.access_token.unwrap();
    let id = parent.token_id.to_string();
    let tokens = python(GET_TOKENS, &base, &ca, &[&id, &secret]);
    assert_eq!(tokens.as_array().unwrap().len(), 2);
    for token in tokens.as_array().unwrap() {
        assert_eq!(token["token_type"], "Bearer");
        assert_eq!(token["expires_in"], 3_600);
    }
    client.delete::<Token>(parent.token_id, true).await.unwrap();
    let answers = python(USE_TOKENS, &base, &ca, &[&tokens.to_string()]);
    let refused = serde_json::json!([[403, "not_authenticated"], [403, "not_authenticated"]]);
    assert_eq!(answers, refused);
}

async fn make_token(client: &moca_client::Client, member_id: MemberId) -> Token {
    let input = TokenInput {
        member_id: Some(member_id),
        config: TokenConfig {
            name: "A back end".to_owned(),
            expires_at: None,
            role: None,
            scopes: None,
        },
    };
    client.create::<Token>(&input).await.unwrap()
}

fn require_library() {
    let found = Command::new(PYTHON)
        .args(["-c", "import requests_oauthlib"])
        .output();
    assert!(
        found.is_ok_and(|output| output.status.success()),
        "{PYTHON} has no requests_oauthlib: run scripts/test, which installs it"
    );
}

fn python(script: &str, base: &str, ca: &Path, arguments: &[&str]) -> Value {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(PYTHON)
        .args(["-c", script, base])
        .arg(ca)
        .args(arguments)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{stderr}");
    serde_json::from_slice(&stdout).unwrap()
}
