//! `moca bundle`: what a device has to decide offline, for people to read.

use std::{
    collections::HashMap,
    io::{self, Write},
    process::ExitCode,
};

use clap::{Arg, ArgMatches, Command, builder::PossibleValuesParser, value_parser};
use jiff::Timestamp;
use moca_core::{
    bundle::{Action, Bundle, Region},
    experience::{Target, Trigger},
    geo::LatLon,
    limits::{BUNDLE_REGIONS_DEFAULT, BUNDLE_REGIONS_MAX, BUNDLE_REGIONS_MIN},
};
use moca_wire::apps::App;

use super::{
    connection,
    exit::{self, Misuse},
    given, run_to_end,
};

/// Characters of a text that are shown.
const TEXT_CHARS_MAX: usize = 60;

pub(super) fn command() -> Command {
    let degrees = |name: &'static str, other: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("DEGREES")
            .value_parser(value_parser!(f64))
            .allow_negative_numbers(true)
            .requires(other)
    };
    Command::new("bundle")
        .about("Show what a device has to decide offline")
        .long_about(
            "Show what a device has to decide offline: the regions that it watches, what may fire, and where \
             it stands. The bundle is fetched as the device does it, and its signature is checked.",
        )
        .after_help(format!(
            "Example:\n  moca bundle --instance-token-file phone.token --latitude 40.4203 --longitude -3.7058\n\n{}",
            exit::CODES
        ))
        .args(connection::arguments())
        .arg(
            Arg::new("instance-token-file")
                .long("instance-token-file")
                .value_name("FILE")
                .required(true)
                .help("File with the instanceToken of the device, - for standard input"),
        )
        .arg(degrees("latitude", "longitude").help(
            "Where the device is; without it only what is known by beacons, and what waits for events",
        ))
        .arg(degrees("longitude", "latitude").help("The same, east"))
        .arg(
            Arg::new("regions")
                .long("regions")
                .value_name("NUMBER")
                .value_parser(value_parser!(i64).range(BUNDLE_REGIONS_MIN..=BUNDLE_REGIONS_MAX))
                .help(format!(
                    "How many regions the device can watch [default: {BUNDLE_REGIONS_DEFAULT}]"
                )),
        )
        .arg(Arg::new("key").long("key").value_name("KEY").help(
            "The bundleKey that the app was built with [default: as the server tells of the app]",
        ))
        .arg(
            Arg::new("output")
                .short('o')
                .long("output")
                .value_name("FORMAT")
                .value_parser(PossibleValuesParser::new(["text", "json"]))
                .help("text, or json as it was signed [default: text]"),
        )
}

pub(super) fn run(arguments: &ArgMatches) -> ExitCode {
    run_to_end(async move {
        let degrees = |name| arguments.get_one::<f64>(name).copied();
        let at = match degrees("latitude").zip(degrees("longitude")) {
            None => None,
            Some((latitude, longitude)) => {
                let at = LatLon::new(latitude, longitude);
                Some(at.map_err(|error| Misuse(format!("--latitude, --longitude: {error}")))?)
            }
        };
        let regions = arguments.get_one("regions").copied();
        let regions = regions.unwrap_or(BUNDLE_REGIONS_DEFAULT);
        let file = given(arguments, "instance-token-file").unwrap_or_default();
        let device_token = connection::read_token(&file)?;
        let client = connection::client(arguments)?;
        let kept = client.device(device_token).bundle(at, regions).await?;
        let key = match given(arguments, "key") {
            Some(key) => key,
            None => {
                // Whose it claims to be: if it lies, it is not signed with that key.
                let claimed: Bundle = serde_json::from_slice(&kept.json)?;
                client.get::<App>(claimed.app_id).await?.bundle_key
            }
        };
        let bundle = kept.open(&key)?;
        let mut out = io::stdout().lock();
        match given(arguments, "output").as_deref() {
            Some("json") => {
                out.write_all(&kept.json)?;
                writeln!(out)?;
            }
            _ => out.write_all(told(&bundle).as_bytes())?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn told(bundle: &Bundle) -> String {
    let names = Names::of(bundle);
    let mut text = format!(
        "For the instance {} of the app {}, rightly signed; it holds until {}.\n",
        bundle.instance_id,
        bundle.app_id,
        moment(bundle.expires_at)
    );
    let regions = bundle.regions.iter().map(|one| names.region(one));
    section(&mut text, "Regions to watch", regions);
    let experiences = bundle.experiences.iter().map(|one| {
        let (trigger, action) = (names.trigger(&one.trigger), described(&one.action));
        let id = one.experience_id;
        let repeat = one.repeat.as_str();
        format!("{id}  {trigger}: {action}, repeat {repeat}")
    });
    section(&mut text, "What may fire", experiences);
    let inside = bundle.state.inside.iter().map(|one| {
        let name = names.of_target(one.target.into());
        format!("in {name} since {}", moment(one.entered_at))
    });
    section(&mut text, "Where it stands", inside);
    text
}

fn section(text: &mut String, title: &str, lines: impl ExactSizeIterator<Item = String>) {
    text.push_str(&format!("\n{title}: {}\n", lines.len()));
    for line in lines {
        text.push_str(&format!("  {line}\n"));
    }
}

/// The names of places and zones.
struct Names<'a>(HashMap<Target, &'a str>);

impl<'a> Names<'a> {
    fn of(bundle: &'a Bundle) -> Self {
        let places = bundle.places.iter();
        let places = places.map(|one| (Target::Place(one.place_id), one.name.as_str()));
        let zones = bundle.zones.iter();
        let zones = zones.map(|one| (Target::Zone(one.zone_id), one.name.as_str()));
        Self(places.chain(zones).collect())
    }

    /// The name of a place or zone, the id of a beacon.
    fn of_target(&self, target: Target) -> String {
        let name = self.0.get(&target).map(|name| (*name).to_owned());
        name.unwrap_or_else(|| target.id().to_string())
    }

    fn region(&self, region: &Region) -> String {
        let around = |latitude: f64, longitude: f64, radius: f64| {
            format!("{radius:.0} m around {latitude:.5}, {longitude:.5}")
        };
        match region {
            Region::Circle {
                target,
                latitude,
                longitude,
                radius,
            } => {
                let name = self.of_target((*target).into());
                let circle = around(*latitude, *longitude, *radius);
                format!("Circle        {name}, {circle}")
            }
            Region::IBeacon { proximity_uuid } => format!("IBeacon       {proximity_uuid}"),
            Region::EddystoneUid { namespace } => format!("EddystoneUid  {namespace}"),
            Region::Refresh {
                latitude,
                longitude,
                radius,
            } => {
                let circle = around(*latitude, *longitude, *radius);
                format!("Refresh       {circle}: who leaves it asks again")
            }
        }
    }

    fn trigger(&self, trigger: &Trigger) -> String {
        if let Trigger::Composite { list } = trigger {
            let parts: Vec<String> = list.iter().map(|part| self.trigger(part)).collect();
            return parts.join(" and ");
        }
        let waits_for = match (trigger, trigger.target()) {
            (_, Some(target)) => self.of_target(target),
            (Trigger::Custom { custom_argument }, None) => custom_argument.clone(),
            (other, None) => other.word().to_owned(),
        };
        let delay = match trigger.delay_ms() {
            0 => String::new(),
            delay_ms => format!(" for {} s", delay_ms / 1_000),
        };
        let close = match trigger.proximity() {
            Some((_, proximity)) => format!(" {}", proximity.as_str()),
            None => String::new(),
        };
        format!("{} {waits_for}{close}{delay}", kind_of(trigger))
    }
}

/// The `@type` of a trigger.
fn kind_of(trigger: &Trigger) -> String {
    let written = serde_json::to_value(trigger).unwrap_or_default();
    written["@type"].as_str().unwrap_or_default().to_owned()
}

fn described(action: &Action) -> String {
    let kind = &action.kind;
    if let Some(tag) = &action.tag {
        return format!("{kind} {} {}", tag.tag_name, tag.tag_value);
    }
    if !action.is_written {
        return format!("{kind}, written by the server");
    }
    let content = action.content.values().next();
    let content = content.map_or("", String::as_str);
    let shown: String = content.chars().take(TEXT_CHARS_MAX).collect();
    let more = if shown.len() < content.len() {
        "…"
    } else {
        ""
    };
    format!("{kind} {:?}", shown + more)
}

fn moment(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms);
    at.map_or_else(|_| at_ms.to_string(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use moca_wire::schema::Described;

    use super::*;

    #[test]
    fn regions_triggers_and_actions_are_told_by_name() {
        let bundle: Bundle = serde_json::from_value(Bundle::example()).unwrap();
        let text = told(&bundle);
        for line in [
            "\nRegions to watch: 3\n",
            "\n  Circle        Plaza Mayor, 120 m around 40.41540, -3.70740\n",
            "\n  IBeacon       f7826da6-4fa2-4e98-8024-bc5b71e0893e\n",
            "\n  Refresh       5200 m around 40.41600, -3.70300: who leaves it asks again\n",
            "\nWhat may fire: 1\n",
            ": SendLocalMessageAction \"¡Bienvenida a la plaza!\", repeat NextDay\n",
            "  EnterPlaceTrigger Plaza Mayor: ",
            "\n  in Plaza Mayor since ",
        ] {
            assert!(text.contains(line), "{line:?} is not in\n{text}");
        }
    }

    #[test]
    fn what_a_composite_waits_for_stands_side_by_side() {
        let bundle: Bundle = serde_json::from_value(Bundle::example()).unwrap();
        let (place_id, zone_id) = (bundle.places[0].place_id, bundle.zones[0].zone_id);
        let trigger = serde_json::json!({"@type": "CompositeTrigger", "list": [
            {"@type": "EnterPlaceTrigger", "placeId": place_id, "delayMs": 120_000},
            {"@type": "ZoneProximityTrigger", "zoneId": zone_id, "proximity": "Near"},
            {"@type": "EventTrigger", "verb": "purchase"},
        ]});
        let trigger: Trigger = serde_json::from_value(trigger).unwrap();
        assert_eq!(
            Names::of(&bundle).trigger(&trigger),
            "EnterPlaceTrigger Plaza Mayor for 120 s and ZoneProximityTrigger Bandstand Near \
             and EventTrigger purchase"
        );
    }

    #[test]
    fn a_long_text_is_cut() {
        let mut action = serde_json::from_value::<Bundle>(Bundle::example())
            .unwrap()
            .experiences
            .remove(0)
            .action;
        action.content = [("es".to_owned(), "ñ".repeat(70))].into();
        let expected = format!("SendLocalMessageAction \"{}…\"", "ñ".repeat(60));
        assert_eq!(described(&action), expected);
        action.is_written = false;
        assert_eq!(
            described(&action),
            "SendLocalMessageAction, written by the server"
        );
    }
}
