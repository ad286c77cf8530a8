//! Requests and answers against a mock of the service, through the built library.
#![allow(clippy::unwrap_used, reason = "a test ends where something is not what it must be")]

mod library;

use std::thread;

use httpmock::MockServer;
use httpmock::prelude::DELETE;
use library::{Client, KEY, Outcome};

const ID: &str = "32f8628d-6658-443d-a2a0-f59d9d3752d2";
const PATH: &str = "/JSON/signatureRequest/32f8628d-6658-443d-a2a0-f59d9d3752d2";

/// Deletes `ID` from a service that gives this answer, and only to the documented request.
fn answered(status: u16, body: &str) -> Outcome {
    let server = MockServer::start();
    let mock = server.mock(|when, then| {
        when.method(DELETE)
            .path(PATH)
            .header("x-api-key", KEY)
            .header("accept", "application/json")
            .header("user-agent", concat!("okdok/", env!("CARGO_PKG_VERSION")))
            .header_missing("content-type")
            .header_missing("content-length")
            .header_missing("transfer-encoding")
            .header_missing("accept-encoding")
            .header_missing("referer")
            .header_missing("cookie");
        then.status(status).header("content-type", "application/json").body(body);
    });
    let outcome = Client::new(&server.base_url()).delete(ID);
    mock.assert_calls(usize::try_from(outcome.attempts).unwrap());
    assert!(!outcome.message.contains(KEY));
    outcome
}

fn check(outcome: &Outcome, status: &str, http_status: i32, code: &str, value: &str) {
    let found =
        (outcome.status.as_str(), outcome.http_status, outcome.service_code.as_str(), outcome.service_value.as_str());
    assert_eq!(found, (status, http_status, code, value), "{outcome:?}");
}

#[test]
fn documented_success() {
    let outcome = answered(200, r#"{ "message": "msg.deleted", "result": "32f8628d-6658-443d-a2a0-f59d9d3752d2" }"#);
    check(&outcome, "OK", 200, "msg.deleted", ID);
    assert!(outcome.gone);
    assert_eq!(outcome.message, "");
}

#[test]
fn documented_does_not_exist() {
    let body = r#"{ "message": "err.signature.request.not.exist", "value": "32f8628d-6658-443d-a2a0-f59d9d3752d2" }"#;
    let outcome = answered(400, body);
    check(&outcome, "NOT_FOUND", 400, "err.signature.request.not.exist", ID);
    assert!(!outcome.gone);
    assert_eq!(outcome.outcome_unknown, 0);
}

/// The documentation's own sample shows another id than the one that was sent.
#[test]
fn does_not_exist_for_another_id_is_no_answer_for_this_one() {
    let body = r#"{ "message": "err.signature.request.not.exist", "value": "32f8628d-6658-443d-a2a0-f59d9d3752d222" }"#;
    check(
        &answered(400, body),
        "BAD_REQUEST",
        400,
        "err.signature.request.not.exist",
        "32f8628d-6658-443d-a2a0-f59d9d3752d222",
    );
}

#[test]
fn documented_refusals_without_a_body() {
    let unauthorized = answered(401, "");
    check(&unauthorized, "UNAUTHORIZED", 401, "", "");
    assert!(unauthorized.message.contains("x-api-key"));
    check(&answered(403, ""), "FORBIDDEN", 403, "", "");
}

#[test]
fn documented_server_error_is_tried_again_and_stays_unknown() {
    let outcome = answered(500, "");
    check(&outcome, "SERVER_ERROR", 500, "", "");
    assert_eq!((outcome.attempts, outcome.outcome_unknown), (3, 1));
}

#[test]
fn html_and_broken_bodies_keep_the_status_of_their_status_line() {
    check(&answered(400, "<html>Bad Request</html>"), "BAD_REQUEST", 400, "", "");
    check(&answered(401, "{"), "UNAUTHORIZED", 401, "", "");
    check(&answered(200, "<html>OK</html>"), "UNEXPECTED_RESPONSE", 200, "", "");
}

#[test]
fn members_that_nobody_knows_are_ignored() {
    let body = r#"{"code":"0","success":true,"statusCode":403,"message":"err.permission","result":"r","extra":[{}]}"#;
    check(&answered(403, body), "FORBIDDEN", 403, "err.permission", "r");
}

#[test]
fn one_client_serves_many_threads() {
    let server = MockServer::start();
    let mock = server.mock(|when, then| {
        when.method(DELETE).path(PATH).header("x-api-key", KEY);
        then.status(200).json_body(serde_json::json!({ "message": "msg.deleted", "result": ID }));
    });
    let client = Client::new(&server.base_url());
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..10 {
                    assert!(client.delete(ID).gone);
                }
            });
        }
    });
    mock.assert_calls(160);
}
