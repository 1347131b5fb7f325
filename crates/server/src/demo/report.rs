//! The day in figures, and what to try next.

use std::collections::BTreeMap;

use moca_wire::{
    analytics::AnalyticsAnswer,
    decisions::{Decision, Outcome},
};

use super::{Access, check_counts::Counted, clock_text, layout::Layout, scene::Scene};
use crate::screen::{Screen, grouped};

/// The id of the event that the reader may send.
const ARRIVAL: &str = "6d6f6361-0000-4000-8000-000000000001";

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Airports in the table of the most visited.
const TOP: usize = 10;
/// Characters of the longest bar of that table.
const BAR_CHARS: u64 = 30;

/// Tables of what analytics and decisions answered.
pub(super) fn figures(
    screen: &Screen,
    layout: &Layout,
    counted: &Counted,
    reasons: &BTreeMap<Outcome, u64>,
) {
    screen.line("");
    let hours = counted
        .metrics
        .first()
        .map_or(0, |answer| answer.buckets.len());
    let first = counted.metrics.first().map_or(0, |answer| answer.from);
    screen.line(&format!(
        "The day             total  by the hour, {hours} from {} UTC",
        clock_text(first)
    ));
    for answer in &counted.metrics {
        screen.line(&format!(
            "  {:<15} {:>7}  {}",
            answer.metric.replace('-', " "),
            grouped(answer.total),
            sparkline(answer),
        ));
    }
    screen.line("");
    screen.line(&format!(
        "Most visited     visitors  of {} places",
        counted.places.len()
    ));
    let most = counted
        .places
        .first()
        .map_or(1, |(_, visitors)| *visitors)
        .max(1);
    for &(spot, visitors) in counted.places.iter().take(TOP) {
        let airport = &layout.airports[layout.airport_of(spot)];
        let code = if airport.iata.is_empty() {
            &airport.icao
        } else {
            &airport.iata
        };
        let bar = "█".repeat((visitors * BAR_CHARS / most) as usize);
        screen.line(&format!(
            "  {code:<15} {:>7}  {bar:<30}  {}",
            grouped(visitors),
            airport.name,
        ));
    }
    screen.line("");
    screen.line("Decisions         number");
    for (outcome, number) in reasons {
        screen.line(&format!(
            "  {:<15} {:>7}",
            format!("{outcome:?}"),
            grouped(*number)
        ));
    }
}

fn sparkline(answer: &AnalyticsAnswer) -> String {
    let most = answer
        .buckets
        .iter()
        .map(|bucket| bucket.value)
        .max()
        .unwrap_or(0)
        .max(1);
    let levels = BARS.len() as u64 - 1;
    let bars = answer.buckets.iter().map(|bucket| {
        // Rounded up: an hour with anybody in it looks different from an empty one.
        BARS[(bucket.value * levels).div_ceil(most) as usize]
    });
    bars.collect()
}

/// The address, the token and six commands to try.
pub(super) fn commands(screen: &Screen, access: &Access, scene: &Scene, decisions: &[Decision]) {
    // A phone that something was kept from tells most.
    let withheld = decisions
        .iter()
        .rfind(|one| one.outcome == Outcome::DisplayWait);
    let wanted = withheld.or(decisions.last()).map(|one| one.instance_id);
    let mut phones = scene.phones.iter();
    let phone = phones.find(|phone| Some(phone.instance_id) == wanted);
    let Some(phone) = phone.or(scene.phones.first()) else {
        return;
    };
    screen.line("");
    screen.line("Six commands to try, after these variables:");
    screen.line("");
    for (name, value) in [
        ("MOCA", &access.url),
        ("CURL_CA_BUNDLE", &access.ca_path),
        ("TOKEN", &access.token),
        ("PHONE", &phone.token),
    ] {
        screen.line(&format!("  export {name}='{value}'"));
    }
    let app = scene.world.app_id;
    let day = format!(
        "appId={app}&from={}&to={}",
        scene.day.from_ms, scene.day.to_ms
    );
    let instance = phone.instance_id;
    let event = format!(
        r#"[{{"id":"{ARRIVAL}","t":{},"location":{{"lat":40.4936,"lon":-3.5668}}}}]"#,
        scene.day.last_ms,
    );
    for (question, credential, path, body) in [
        (
            "Where is Madrid's airport?",
            "TOKEN",
            "/v2/places?q=Barajas".to_owned(),
            None,
        ),
        (
            "How many were active, by the hour in Madrid?",
            "TOKEN",
            format!("/v2/analytics/active-users?{day}&interval=hour&timeZone=Europe/Madrid"),
            None,
        ),
        (
            "Which gates were busiest?",
            "TOKEN",
            format!("/v2/analytics/visitors?{day}&interval=none&groupBy=beacon"),
            None,
        ),
        (
            "What was decided for one traveller, and why?",
            "TOKEN",
            format!("/v2/decisions?appId={app}&instanceId={instance}"),
            None,
        ),
        (
            "Walk that traveller into the airport of Madrid.",
            "PHONE",
            "/device/v1/events".to_owned(),
            Some(event),
        ),
        (
            "What did the phone get to show?",
            "PHONE",
            "/device/v1/messages?limit=1000".to_owned(),
            None,
        ),
    ] {
        let body = body.map_or_else(String::new, |body| {
            format!("-H 'Content-Type: application/json' -d '{body}' ")
        });
        screen.line(&format!("\n  # {question}"));
        screen.line(&format!(
            "  curl -sS -H \"Authorization: Bearer ${credential}\" {body}\"$MOCA{path}\""
        ));
    }
}
