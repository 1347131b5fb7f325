//! How often one may call.

use moca_api::{Rates, Settings, route::Endpoint, routes::routes};
use serde_json::json;

use crate::support::{
    Installation,
    objects::Objects,
    request::Answer,
    team::{Team, expected, faults},
    walk::{Walk, unacceptable},
};

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";
const HEADERS: [&str; 3] = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"];

/// What an answer says of the caller's rate: limit, remaining, seconds until it is whole again.
fn standing(answer: &Answer) -> Option<[i64; 3]> {
    let said = HEADERS.map(|name| answer.header(name).map(|text| text.parse().unwrap()));
    match said {
        [Some(limit), Some(remaining), Some(reset)] => Some([limit, remaining, reset]),
        [None, None, None] => None,
        _ => panic!("{said:?}"),
    }
}

fn rates(rates: Rates) -> Settings {
    Settings {
        rates,
        ..Settings::default()
    }
}

#[tokio::test]
async fn every_answer_to_a_known_caller_says_how_much_is_left() {
    let walk = Walk::start().await;
    let usual = Rates::default();
    for route in routes() {
        let objects = walk.objects().await;
        walk.prepare(route, &objects).await;
        let limit = match route.endpoint {
            // Nobody in particular calls.
            Endpoint::Public(_) => continue,
            Endpoint::Manage(..) | Endpoint::Ask(..) | Endpoint::OAuthClient(_) => usual.token,
            Endpoint::App(_) | Endpoint::Gateway(..) => usual.app,
            Endpoint::Device(_) => usual.device,
            Endpoint::Operations(_) => panic!("on the public port"),
        };
        // First the refused one: the other may be the last of its caller.
        let refused = walk.right(route, &objects).await;
        let refused = refused.header("accept", unacceptable(route)).send().await;
        let right = walk.right(route, &objects).await.send().await;
        for answer in [&right, &refused] {
            let known = !matches!(route.endpoint, Endpoint::OAuthClient(_)) || answer.status == 200;
            let said = standing(answer).map(|[limit, ..]| limit);
            let so = said == known.then_some(limit);
            walk.require(route, "RateLimit-Limit", so, &format!("{said:?}"));
        }
        let stranger = walk.stranger(route, &objects).send().await;
        let so = standing(&stranger).is_none();
        walk.require(route, "a stranger has no rate", so, "RateLimit-*");
    }
    walk.end();
}

/// Sets the account's rates as an operator does.
async fn set_rates(installation: &Installation, operator: &str, objects: &Objects) {
    let path = format!("/v2/accounts/{}/limits", objects.tenant.account_id);
    let body = json!({"config": {
        "tokenRequestsPerMinute": 3, "appRequestsPerMinute": 2, "deviceRequestsPerMinute": 1,
    }});
    let ask = installation.ask("PUT", &path).bearer(operator).json(&body);
    ask.send().await.done();
}

#[tokio::test]
async fn a_caller_beyond_the_rate_of_its_account_waits_as_long_as_it_is_told() {
    let installation = Installation::start().await;
    let operator = installation.tenant(true).await;
    let tenant = installation.tenant(false).await;
    let objects = installation.objects(&tenant).await;
    // What the objects took is forgotten by then.
    installation.clock.advance(60_000);
    set_rates(&installation, &operator.token, &objects).await;
    let app = || {
        let ask = installation.ask("POST", "/device/v1/instances");
        ask.basic(&objects.ids["appId"], &objects.app_secret)
            .json(&json!({"deviceKey": "one"}))
    };
    let device = || {
        let ask = installation.ask("PUT", "/device/v1/instance/tags/vip");
        ask.bearer(&objects.instance_token)
            .json(&json!({"value": "+1"}))
    };
    let member = || {
        installation
            .ask("GET", "/v2/labels")
            .bearer(&objects.access_token)
    };
    for limit in [3, 2, 1] {
        let ask = || match limit {
            3 => member(),
            2 => app(),
            _ => device(),
        };
        let seconds = 60 / limit;
        for sent in 1..=limit {
            let answer = ask().send().await;
            assert!(answer.status < 300, "{limit}: {}", answer.json());
            let expected = [limit, limit - sent, sent * seconds];
            assert_eq!(standing(&answer), Some(expected));
        }
        let refused = ask().send().await;
        assert_eq!(refused.code(), "rate_limited");
        assert_eq!(standing(&refused), Some([limit, 0, 60]));
        let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert_eq!(wait, seconds);
        installation.clock.advance(wait * 1_000 - 1);
        assert_eq!(ask().send().await.code(), "rate_limited");
        installation.clock.advance(1);
        assert!(ask().send().await.status < 300);
        assert_eq!(ask().send().await.code(), "rate_limited");
    }
    // Nobody else is held up.
    let ask = installation.ask("GET", "/v2/labels").bearer(&tenant.token);
    ask.send().await.done();
    let ask = installation.ask("GET", "/v2/labels");
    ask.bearer(&operator.token).send().await.done();
}

#[tokio::test]
async fn tokens_exchanged_for_one_are_counted_with_it() {
    let settings = rates(Rates {
        token: 4,
        ..Rates::default()
    });
    let installation = Installation::with(settings).await;
    let tenant = installation.tenant(true).await;
    let list = installation.ask("GET", "/v2/tokens").bearer(&tenant.token);
    let tokens = list.send().await.done();
    let client_id = tokens["items"][0]["tokenId"].as_str().unwrap().to_owned();
    let exchange = || {
        let form = format!(
            "grant_type=client_credentials&client_id={client_id}&client_secret={}",
            tenant.token
        );
        let ask = installation.ask("POST", "/oauth/token");
        ask.header("content-type", "application/x-www-form-urlencoded")
            .body(form)
    };
    let first = exchange().send().await;
    assert_eq!(standing(&first), Some([4, 2, 30]));
    let first = first.done()["access_token"].as_str().unwrap().to_owned();
    let second = exchange().send().await.done();
    let second = second["access_token"].as_str().unwrap().to_owned();
    let get = |token: &str| installation.ask("GET", "/v2/labels").bearer(token).send();
    assert_eq!(get(&first).await.status, 200);
    assert_eq!(get(&second).await.code(), "rate_limited");
    let refused = exchange().send().await;
    assert_eq!(refused.code(), "rate_limited");
    assert_eq!(refused.json()["error"], "temporarily_unavailable");
}

#[tokio::test]
async fn zero_is_no_limit_and_says_nothing() {
    let settings = rates(Rates {
        token: 0,
        ..Rates::default()
    });
    let installation = Installation::with(settings).await;
    let tenant = installation.tenant(true).await;
    for _ in 0..10 {
        let ask = installation.ask("GET", "/v2/labels").bearer(&tenant.token);
        let answer = ask.send().await;
        assert_eq!((answer.status, standing(&answer)), (200, None));
    }
}

#[tokio::test]
async fn an_address_with_too_many_wrong_credentials_has_to_wait_with_new_ones() {
    let settings = rates(Rates {
        failed_logins: 3,
        ..Rates::default()
    });
    let installation = Installation::with(settings).await;
    let tenant = installation.tenant(true).await;
    let objects = installation.objects(&tenant).await;
    let get = |token: &str, address: &str| {
        let ask = installation.ask("GET", "/v2/labels").bearer(token);
        ask.from(address).send()
    };
    let (bad, good) = ("192.0.2.7", "198.51.100.1");
    // Known to be good from before, from wherever.
    assert_eq!(get(&tenant.token, good).await.status, 200);
    assert_eq!(get(UNKNOWN, bad).await.code(), "not_authenticated");
    let wrong_secret = installation
        .ask("POST", "/device/v1/instances")
        .basic(&objects.ids["appId"], "wrong")
        .json(&json!({}))
        .from(bad);
    assert_eq!(wrong_secret.send().await.code(), "not_authenticated");
    let wrong_client = installation
        .ask("POST", "/oauth/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials&client_id=x&client_secret=y")
        .from(bad);
    assert_eq!(wrong_client.send().await.code(), "not_authenticated");
    // The fourth is not looked at, nor is a right one that is new here; one that is known is.
    let refused = get(UNKNOWN, bad).await;
    assert_eq!(refused.code(), "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("20"));
    assert_eq!(standing(&refused), Some([3, 0, 60]));
    assert_eq!(get(&objects.access_token, bad).await.code(), "rate_limited");
    assert_eq!(get(&tenant.token, bad).await.status, 200);
    // Other addresses are not concerned, nor is who sends no credentials at all.
    assert_eq!(get(&objects.access_token, good).await.status, 200);
    assert_eq!(get(UNKNOWN, good).await.code(), "not_authenticated");
    let bare = installation.ask("GET", "/v2/labels").from(bad).send();
    assert_eq!(bare.await.code(), "not_authenticated");
    installation.clock.advance(20_000);
    assert_eq!(get(UNKNOWN, bad).await.code(), "not_authenticated");
    assert_eq!(get(UNKNOWN, bad).await.code(), "rate_limited");
}

#[tokio::test]
async fn credentials_that_knocked_at_a_wrong_door_stay_good_at_theirs() {
    let settings = rates(Rates {
        failed_logins: 1,
        ..Rates::default()
    });
    let installation = Installation::with(settings).await;
    let tenant = installation.tenant(true).await;
    let ask = |path| {
        let ask = installation.ask("GET", path).bearer(&tenant.token);
        ask.from("192.0.2.7")
    };
    assert_eq!(ask("/v2/labels").send().await.status, 200);
    let elsewhere = ask("/device/v1/messages").send().await;
    assert_eq!(elsewhere.code(), "not_authenticated");
    let bearer = format!("Bearer {}", tenant.token);
    let twice = ask("/v2/labels").header("authorization", &bearer);
    assert_eq!(twice.send().await.code(), "not_authenticated");
    assert_eq!(ask("/v2/labels").send().await.status, 200);
}

#[tokio::test]
async fn a_revoked_token_is_not_good_any_more() {
    let settings = rates(Rates {
        failed_logins: 1,
        ..Rates::default()
    });
    let installation = Installation::with(settings).await;
    let tenant = installation.tenant(true).await;
    let objects = installation.objects(&tenant).await;
    let get = || {
        let ask = installation.ask("GET", "/v2/labels");
        ask.bearer(&objects.access_token).from("192.0.2.7").send()
    };
    assert_eq!(get().await.status, 200);
    let path = format!("/v2/tokens/{}", objects.ids["tokenId"]);
    let ask = installation.ask("DELETE", &path).bearer(&tenant.token);
    ask.send().await.done();
    assert_eq!(get().await.code(), "not_authenticated");
    assert_eq!(get().await.code(), "rate_limited");
}

#[tokio::test]
async fn only_operators_set_limits_and_all_faults_are_told() {
    let team = Team::start().await;
    let other = team.installation.tenant(false).await;
    let own = format!("/v2/accounts/{}/limits", other.account_id);
    let operators = format!("/v2/accounts/{}/limits", team.tenant.account_id);
    let body = json!({"config": {"deviceRequestsPerMinute": 0, "quotas": {"place": 5}}});
    let refused = team.send_as(&other.token, "PUT", &own, &body).await;
    assert_eq!(refused.code(), "role_too_low");
    let refused = team.send_as(&other.token, "PUT", &operators, &body).await;
    assert_eq!(refused.code(), "not_found");
    assert_eq!(team.get_as(&other.token, &operators).await.status, 404);
    let set = team.put(&own, body.clone()).await.done();
    assert_eq!(set["config"], body["config"]);
    let seen = team.get_as(&other.token, &own).await.done();
    assert_eq!(seen["config"], body["config"]);
    let wrong = json!({"config": {
        "tokenRequestsPerMinute": -1,
        "appRequestsPerMinute": 1_000_000_001,
        "deviceRequestsPerMinute": "many",
        "quotas": {"place": -1, "account": 1, "thing": 1},
        "more": 1,
    }});
    let refused = team.put(&own, wrong).await;
    let pointers = expected(&[
        ("/config/tokenRequestsPerMinute", "out_of_range"),
        ("/config/appRequestsPerMinute", "out_of_range"),
        ("/config/deviceRequestsPerMinute", "wrong_type"),
        ("/config/quotas/account", "unknown_field"),
        ("/config/quotas/place", "out_of_range"),
        ("/config/quotas/thing", "unknown_field"),
        ("/config/more", "unknown_field"),
    ]);
    assert_eq!(faults(&refused), pointers);
    // The owner cannot widen them by the account's own PUT, and does not lose them by it.
    let account = format!("/v2/accounts/{}", other.account_id);
    let mut whole = team.get_as(&other.token, &account).await.done();
    assert_eq!(whole["rateLimits"]["deviceRequestsPerMinute"], 0);
    assert_eq!(whole["rateLimits"]["tokenRequestsPerMinute"], 1_200_000);
    whole["quotas"]["place"]["limit"] = json!(1_000);
    whole["config"]["name"] = json!("Renamed");
    let put = team.send_as(&other.token, "PUT", &account, &whole).await;
    let put = put.done();
    assert_eq!(put["config"]["name"], "Renamed");
    assert_eq!(put["quotas"]["place"], json!({"limit": 5, "used": 0}));
}
