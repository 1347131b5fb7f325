//! Walking the route table: a right request for every route, to be made wrong in one respect.

use std::sync::Mutex;

use moca_api::{
    query::ParameterKind,
    route::{BodyKind, Endpoint, Route, Success, Verb},
    routes::routes,
};
use serde_json::{Value, json};

use super::{
    Installation, NOON, Tenant,
    objects::Objects,
    request::{Answer, Ask},
};

const DAY_MS: i64 = 86_400_000;

/// An installation with an operator's account in it, and what was found wrong so far.
pub(crate) struct Walk {
    pub(crate) installation: Installation,
    pub(crate) tenant: Tenant,
    faults: Mutex<Vec<String>>,
}

impl Walk {
    pub(crate) async fn start() -> Self {
        Self::of(Installation::start().await).await
    }

    pub(crate) async fn of(installation: Installation) -> Self {
        let tenant = installation.tenant(true).await;
        // A walk makes a set of objects for each route, which is more than anybody needs of some kinds.
        let path = format!("/v2/accounts/{}/limits", tenant.account_id);
        let limits = json!({"config": {"quotas": {"webhook": 100_000}}});
        let ask = installation.ask("PUT", &path).bearer(&tenant.token);
        ask.json(&limits).send().await.done();
        Self {
            tenant,
            installation,
            faults: Mutex::new(Vec::new()),
        }
    }

    pub(crate) async fn objects(&self) -> Objects {
        let mut objects = self.installation.objects(&self.tenant).await;
        self.installation.receive_message(&mut objects).await;
        let spare = self.installation.tenant(false).await.account_id.to_string();
        objects.ids.insert("spareAccountId", spare);
        objects
    }

    /// Notes when an answer is not as expected.
    pub(crate) fn expect(&self, route: &Route, rule: &str, answer: &Answer, code: &str) {
        if answer.code() != code {
            let verb = route.verb.as_str();
            let (path, status, body) = (route.path, answer.status, answer.json());
            let fault = format!("{verb} {path}: {rule}: expected {code:?}, got {status} {body}");
            self.faults.lock().unwrap().push(fault);
        }
    }

    /// Notes when something is not so.
    pub(crate) fn require(&self, route: &Route, rule: &str, so: bool, seen: &str) {
        if !so {
            let verb = route.verb.as_str();
            self.faults
                .lock()
                .unwrap()
                .push(format!("{verb} {}: {rule}: {seen}", route.path));
        }
    }

    /// Fails the test with everything that was noted.
    pub(crate) fn end(self) {
        let faults = self.faults.into_inner().unwrap();
        let count = faults.len();
        assert!(count == 0, "{count} faults:\n{}", faults.join("\n"));
    }

    /// A request for the route with credentials and the parameters it requires, without a body.
    pub(crate) fn ask(&self, route: &Route, objects: &Objects) -> Ask<'_> {
        self.ask_at(route, objects, &target(route, objects))
    }

    /// The route without credentials.
    pub(crate) fn stranger(&self, route: &Route, objects: &Objects) -> Ask<'_> {
        let verb = route.verb.as_str();
        self.installation.ask(verb, &target(route, objects))
    }

    /// The same as [`Walk::ask`] at another target.
    pub(crate) fn ask_at(&self, route: &Route, objects: &Objects, target: &str) -> Ask<'_> {
        let ask = self.installation.ask(route.verb.as_str(), target);
        match route.endpoint {
            Endpoint::Manage(..) | Endpoint::Ask(..) => ask.bearer(&objects.tenant.token),
            Endpoint::Device(_) => ask.bearer(&objects.instance_token),
            Endpoint::App(_) | Endpoint::Gateway(..) => {
                ask.basic(&objects.ids["appId"], &objects.app_secret)
            }
            Endpoint::OAuthClient(_) | Endpoint::Public(_) | Endpoint::Operations(_) => ask,
        }
    }

    /// A JSON body the route takes: one of the samples, or what GET of the same path answers.
    pub(crate) async fn body(&self, route: &Route, objects: &Objects) -> Option<Value> {
        if matches!(route.body, BodyKind::None | BodyKind::Form | BodyKind::File) {
            return None;
        }
        let verb = route.verb.as_str();
        if let Some(body) = self.installation.body(verb, route.path, objects) {
            return Some(body);
        }
        let sibling = routes()
            .iter()
            .find(|other| other.path == route.path && other.verb == Verb::Get)
            .unwrap_or_else(|| panic!("say in objects.rs what {verb} {} takes", route.path));
        Some(self.ask(sibling, objects).send().await.done())
    }

    /// A request as it should be.
    pub(crate) async fn right(&self, route: &Route, objects: &Objects) -> Ask<'_> {
        let ask = self.ask(route, objects);
        match route.body {
            BodyKind::None => ask,
            BodyKind::Form => ask
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form(objects)),
            BodyKind::File => ask
                .header("content-type", "text/csv")
                .body(self.installation.file()),
            BodyKind::Json | BodyKind::JsonOrNdjson => {
                ask.json(&self.body(route, objects).await.unwrap())
            }
        }
    }

    /// What must have happened for the request to make sense.
    pub(crate) async fn prepare(&self, route: &Route, objects: &Objects) {
        if route.path.ends_with("/stop") {
            let path = objects.fill(&route.path.replace("/stop", "/start"));
            let ask = self.installation.ask("PUT", &path);
            ask.bearer(&objects.tenant.token).send().await.done();
        }
        const OPENED: &str = "/device/v1/notifications/{notificationId}/opened";
        if ["/v2/notifications/{notificationId}/cancel", OPENED].contains(&route.path) {
            let path = objects.fill("/v2/notifications/{notificationId}");
            let ask = |verb| {
                self.installation
                    .ask(verb, &path)
                    .bearer(&objects.tenant.token)
            };
            let mut ready = ask("GET").send().await.done();
            ready["options"]["draft"] = serde_json::json!(false);
            ready["audience"] = serde_json::json!({"@type": "AllAudience"});
            ask("PUT").json(&ready).send().await.done();
            if route.path == OPENED {
                self.installation.take_audience(objects).await;
            }
        }
    }
}

/// The form of a client that exchanges the token `tokenId`.
pub(crate) fn form(objects: &Objects) -> String {
    format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        objects.ids["tokenId"], objects.access_token
    )
}

/// The path of a route filled in, with the parameters it requires.
pub(crate) fn target(route: &Route, objects: &Objects) -> String {
    let mut parameters: Vec<String> = route
        .query
        .iter()
        .filter(|parameter| parameter.required)
        .map(|parameter| format!("{}={}", parameter.name, value(parameter.name, objects)))
        .collect();
    if route.verb == Verb::Delete && route.query.iter().any(|p| p.name == "cascade") {
        parameters.push("cascade=true".into());
    }
    let path = match (route.verb, route.path) {
        // The one that all else is in stays.
        (Verb::Delete, "/v2/accounts/{accountId}") => match objects.ids.get("spareAccountId") {
            Some(spare) => format!("/v2/accounts/{spare}"),
            None => objects.fill(route.path),
        },
        (_, path) => objects.fill(path),
    };
    match parameters.as_slice() {
        [] => path,
        _ => format!("{path}?{}", parameters.join("&")),
    }
}

/// A value the parameter takes.
pub(crate) fn value(name: &str, objects: &Objects) -> String {
    match name {
        "kind" => "places".into(),
        "at" => NOON.to_string(),
        "after" => objects.ids["instanceId"].clone(),
        "waitMs" => "1".into(),
        "lat" | "lon" | "regions" => "20".into(),
        "from" => (NOON - DAY_MS).to_string(),
        "to" => (NOON + DAY_MS).to_string(),
        name => objects
            .ids
            .get(name)
            .cloned()
            .unwrap_or_else(|| panic!("say in walk.rs what to put for {name}")),
    }
}

/// A value no parameter of this kind takes.
pub(crate) const fn unreadable(kind: ParameterKind) -> &'static str {
    match kind {
        ParameterKind::Text(_) => "",
        _ => "%E2%98%83",
    }
}

/// The statuses a right request may be answered with.
pub(crate) const fn statuses(success: Success) -> &'static [u16] {
    match success {
        Success::Ok => &[200],
        Success::Created => &[201],
        Success::OkOrCreated => &[200, 201],
    }
}

/// Whether the route is of the management API.
pub(crate) const fn is_managed(route: &Route) -> bool {
    matches!(route.endpoint, Endpoint::Manage(..) | Endpoint::Ask(..))
}

/// A media type that the route does not answer in.
pub(crate) fn unacceptable(route: &Route) -> &'static str {
    match route.answers.starts_with("text/html") {
        true => "application/json",
        false => "text/html",
    }
}

/// The media type a route takes first.
pub(crate) const fn media(kind: BodyKind) -> &'static str {
    match kind {
        BodyKind::Form => "application/x-www-form-urlencoded",
        BodyKind::File => "text/csv",
        _ => "application/json",
    }
}
