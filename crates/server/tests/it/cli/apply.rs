//! `moca apply` and `moca pull`.

use std::fs;

use serde_json::Value;

use super::Desk;

const ACCOUNT: &str = r#"
kind: Campaign
name: Welcome
app: City guide
status: Started
config:
  type: Proximity
  startAt: 1767225600000
  endAt: 4102444800000
  group: Summer
  recurrence: {hoursOfDay: [9, 10]}
---
kind: Experience
name: Hello
campaign: Welcome
config: {repeat: NextDay}
trigger: {"@type": EnterZoneTrigger, zone: {name: Gate, place: plaza}}
action:
  "@type": SendLocalMessageAction
  content:
    default: |
      Hello,
      you.
    es: "¡Hola!"
  bgAlert: {}
---
kind: Experience
name: Beacon
campaign: Welcome
config: {repeat: Never, enabled: false}
trigger:
  "@type": CompositeTrigger
  list:
    - {"@type": ExitBeaconTrigger, beacon: gate-1}
    - {"@type": ZoneProximityTrigger, zone: {name: Gate, place: plaza}, proximity: Near}
    - {"@type": EventTrigger, verb: purchase, where: {value: {$gte: 20}}}
action: {"@type": OpenUrlAction, content: {default: "https://moca.example/no"}, bgAlert: {}}
---
kind: App
name: City guide
---
kind: CampaignGroup
name: Summer
app: City guide
config: {description: All of June}
"#;

const PLACES: &str = r##"
kind: Beacon
externalId: gate-1
config:
  type: IBeacon
  proximityUuid: F7826DA6-4FA2-4E98-8024-BC5B71E0893E
  major: 1
  minor: 2
  zone: {name: Gate, place: Station}
---
kind: Beacon
config: {type: EddystoneUid, namespace: "00112233445566778899", instance: 0a0b0c0d0e0f, labels: [VIP]}
---
kind: Zone
name: Gate
place: plaza
config: {}
---
kind: Zone
name: Gate
place: Station
config: {floorNumber: -1, labels: [VIP, "no"]}
---
kind: Place
externalId: plaza
config:
  name: Plaza Mayor
  geofence: {type: Circle, latitude: 40.4154, longitude: -3.7074, radius: 150}
  properties: {floors: 2, gates: [north, "1"], open: true}
---
kind: Place
name: Station
---
kind: Label
name: VIP
config: {color: "#2A9D8F"}
---
kind: Label
name: "no"
"##;

fn filled() -> Desk {
    let desk = Desk::new();
    desk.write("account/campaigns.yaml", ACCOUNT);
    desk.write("account/more/places.yml", PLACES);
    let applied = desk.run(&["apply", "-f", "account", "--yes"]);
    assert_eq!(applied.code, 0, "{}{}", applied.out, applied.err);
    assert!(
        applied.out.contains("13 to create, 1 to change"),
        "{}",
        applied.out
    );
    desk
}

fn check(desk: &Desk, arguments: &[&str]) -> (i32, String) {
    let done = desk.run(&[&["apply", "--check"], arguments].concat());
    (done.code, done.out + &done.err)
}

const AS_IT_SHOULD_BE: &str = "0 to create, 0 to change, 0 to delete, 13 as they should be\n";

#[test]
fn an_account_is_made_from_files_once_and_started() {
    let desk = filled();
    let again = desk.run(&["apply", "-f", "account", "--yes", "--prune"]);
    assert_eq!((again.code, again.out.as_str()), (0, AS_IT_SHOULD_BE));
    let campaign = desk.object(&["campaigns", "list"]);
    assert_eq!(campaign["status"], "Running");
    let zones = desk.objects(&["zones", "list"]);
    let station = zones
        .iter()
        .find(|zone| zone["config"]["floorNumber"] == -1);
    let station = station.unwrap();
    let beacons = desk.objects(&["beacons", "list", "--external-id", "gate-1"]);
    assert_eq!(beacons[0]["config"]["zoneId"], station["zoneId"]);
}

#[test]
fn what_is_pulled_can_be_applied_here_and_elsewhere() {
    let desk = filled();
    let pulled = desk.run(&["pull", "pulled"]);
    assert_eq!(pulled.code, 0, "{}", pulled.err);
    assert_eq!(
        check(&desk, &["-f", "pulled", "--prune"]),
        (0, AS_IT_SHOULD_BE.to_owned())
    );
    let text = |desk: &Desk, name: &str| {
        fs::read_to_string(desk.home().join("pulled").join(name)).unwrap()
    };
    let experiences = text(&desk, "experiences.yaml");
    assert!(
        experiences.contains("content:\n    default: |\n      Hello,\n"),
        "{experiences}"
    );
    for id in ["Id:", "createdAt"] {
        assert!(!experiences.contains(id), "{experiences}");
    }

    let other = Desk::new();
    let folder = desk.home().join("pulled");
    let folder = folder.to_str().unwrap();
    let applied = other.run(&["apply", "-f", folder, "--yes"]);
    assert_eq!(applied.code, 0, "{}{}", applied.out, applied.err);
    assert_eq!(other.run(&["pull", "pulled"]).code, 0);
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert_eq!(text(&other, &name), text(&desk, &name), "{name}");
    }
    // A second pull replaces the first, and nothing that is not its own.
    assert_eq!(desk.run(&["pull", "pulled"]).code, 0);
    desk.write("pulled/mine.yaml", "kind: Label\nname: Mine\n");
    let refused = desk.run(&["pull", "pulled"]);
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("mine.yaml"), "{}", refused.err);
}

#[test]
fn drift_is_shown_value_by_value_and_repaired() {
    let desk = filled();
    let place = desk
        .objects(&["places", "list", "--external-id", "plaza"])
        .remove(0);
    let id = super::text(&place, "placeId");
    desk.object(&[
        "places",
        "update",
        id,
        "--radius",
        "99",
        "--category",
        "square",
    ]);
    let campaign = desk.object(&["campaigns", "list"]);
    desk.object(&["campaigns", "stop", super::text(&campaign, "campaignId")]);
    let (code, told) = check(&desk, &["-f", "account"]);
    assert_eq!(code, 8, "{told}");
    for line in [
        "~ Place \"plaza\"\n",
        "    config.geofence.radius: 99.0 → 150.0\n",
        "    config.category: \"square\" → (none)\n",
        "> Campaign \"Welcome\" of App \"City guide\": start\n",
    ] {
        assert!(told.contains(line), "{line} is not in {told}");
    }
    let unasked = desk.run_with(&["apply", "-f", "account"], "");
    assert_eq!(unasked.code, 2, "nobody was there to ask");
    assert_eq!(check(&desk, &["-f", "account"]).0, 8);
    assert_eq!(desk.run(&["apply", "-f", "account", "--yes"]).code, 0);
    assert_eq!(check(&desk, &["-f", "account"]).0, 0);
}

#[test]
fn only_the_kinds_in_the_files_or_named_are_pruned_children_first() {
    let desk = filled();
    desk.object(&["labels", "create", "--name", "Stray"]);
    desk.object(&["apps", "create", "--name", "Stray"]);
    desk.write(
        "two.yaml",
        "kind: Label\nname: VIP\nconfig: {color: '#2A9D8F'}\n---\nkind: Label\nname: 'no'\n",
    );
    let (code, told) = check(&desk, &["-f", "two.yaml"]);
    assert_eq!(code, 0, "nothing is deleted unless asked: {told}");
    let (code, told) = check(&desk, &["-f", "two.yaml", "--prune"]);
    assert_eq!(code, 8);
    assert!(
        told.starts_with("- Label \"Stray\"\n0 to create, 0 to change, 1 to delete"),
        "{told}"
    );
    let named = [
        "Experience",
        "Campaign",
        "CampaignGroup",
        "App",
        "Beacon",
        "Zone",
        "Place",
    ];
    let named: Vec<&str> = named
        .iter()
        .flat_map(|kind| ["--prune-kind", kind])
        .collect();
    let all = [&["apply", "-f", "two.yaml", "--prune", "--yes"], &named[..]].concat();
    let pruned = desk.run(&all);
    assert_eq!(pruned.code, 0, "{}{}", pruned.out, pruned.err);
    for kind in [
        "experiences",
        "campaigns",
        "campaign-groups",
        "apps",
        "beacons",
        "zones",
        "places",
    ] {
        assert!(desk.objects(&[kind, "list"]).is_empty(), "{kind}");
    }
    assert_eq!(desk.objects(&["labels", "list"]).len(), 2);
    assert_eq!(desk.objects(&["members", "list"]).len(), 1);
    assert_eq!(desk.objects(&["tokens", "list"]).len(), 1);
}

#[test]
fn all_faults_are_told_by_file_and_line_and_nothing_is_done() {
    let desk = Desk::new();
    desk.write("bad/a.yaml", "kind: Label\nname: A\n---\nkind: Place\nname: P\nconfig:\n  geofence:\n    type: Circle\n    radius: 0\n  labels: [A, B]\n");
    desk.write("bad/b.yaml", "kind: Lable\nname: C\n---\nname: D\n");
    let told = |arguments: &[&str]| {
        let done = desk.run(&[&["apply", "--yes", "-f"], arguments].concat());
        assert_eq!(done.code, 2, "{}", done.err);
        done.err
    };
    let kinds = told(&["bad"]);
    for place in [
        "bad/b.yaml:1: there is no kind Lable",
        "bad/b.yaml:4: expected a document",
    ] {
        assert!(kinds.contains(place), "{kinds}");
    }
    let values = told(&["bad/a.yaml"]);
    for place in [
        "bad/a.yaml:9: /config/geofence/radius: ",
        "bad/a.yaml:7: /config/geofence/latitude: ",
        "bad/a.yaml:10: /config/labels/1: there is no Label \"B\"",
    ] {
        assert!(values.contains(place), "{place} is not in {values}");
    }
    desk.write(
        "broken.yaml",
        "kind: Label\nname: A\nconfig: {color: '#123456'\n",
    );
    let broken = told(&["broken.yaml"]);
    assert!(
        broken.contains("broken.yaml:4: this is not YAML"),
        "{broken}"
    );
    desk.write("both/a.yaml", "kind: Label\nname: {A\n");
    desk.write("both/b.yaml", "kind: Lable\nname: C\n");
    let both = told(&["both"]);
    for place in ["both/a.yaml:", "both/b.yaml:1: there is no kind Lable"] {
        assert!(both.contains(place), "{both}");
    }
    desk.write(
        "twice.yaml",
        "kind: Label\nname: A\n---\n\nkind: Label\nconfig: {name: A}\n",
    );
    let twice = told(&["twice.yaml"]);
    assert!(
        twice.contains("twice.yaml:5: the same object is described at twice.yaml:1"),
        "{twice}"
    );
    desk.write("none.yaml", "# nothing\n");
    assert!(told(&["none.yaml"]).contains("no documents"));
    assert!(desk.objects(&["labels", "list"]).is_empty());
}

#[test]
fn a_name_that_means_several_objects_is_not_guessed() {
    let desk = filled();
    desk.write("guess.yaml", "kind: Beacon\nexternalId: gate-1\nconfig:\n  type: IBeacon\n  proximityUuid: f7826da6-4fa2-4e98-8024-bc5b71e0893e\n  major: 1\n  minor: 2\n  zone: Gate\n");
    let refused = desk.run(&["apply", "-f", "guess.yaml", "--yes"]);
    assert_eq!(refused.code, 2);
    let hint = "guess.yaml:8: /config/zone: there are 2 Zones of this name: refer to it as {name: ..., place: ...}";
    assert!(refused.err.contains(hint), "{}", refused.err);
    desk.object(&["apps", "create", "--name", "City guide"]);
    let (code, told) = check(&desk, &["-f", "account"]);
    assert_eq!(code, 2, "{told}");
    assert!(
        told.contains("the account has 2 objects of this name"),
        "{told}"
    );
    let pulled = desk.run(&["pull", "pulled"]);
    assert_eq!(pulled.code, 1);
    assert!(pulled.err.contains("rename one of each"), "{}", pulled.err);
}

#[test]
fn a_run_that_failed_can_be_repeated() {
    let desk = Desk::new();
    // The files are good one by one; only the server knows that the short id is taken.
    desk.write("zones.yaml", "kind: Place\nname: P\n---\nkind: Zone\nname: A\nplace: P\nconfig: {shortId: x}\n---\nkind: Zone\nname: B\nplace: P\nconfig: {shortId: x}\n");
    let failed = desk.run(&["apply", "-f", "zones.yaml", "--yes"]);
    assert_eq!(failed.code, 4, "{}", failed.err);
    assert!(
        failed
            .err
            .contains("Zone \"B\" of Place \"P\" (2 of 3 steps are done"),
        "{}",
        failed.err
    );
    desk.write("zones.yaml", "kind: Place\nname: P\n---\nkind: Zone\nname: A\nplace: P\nconfig: {shortId: x}\n---\nkind: Zone\nname: B\nplace: P\nconfig: {shortId: y}\n");
    let repaired = desk.run(&["apply", "-f", "zones.yaml", "--yes"]);
    assert_eq!(repaired.code, 0, "{}", repaired.err);
    assert!(
        repaired
            .out
            .contains("1 to create, 0 to change, 0 to delete, 2 as they"),
        "{}",
        repaired.out
    );
    // A zone that is known by its name takes the code of the one that goes.
    desk.write("zones.yaml", "kind: Place\nname: P\n---\nkind: Zone\nname: New\nplace: P\nconfig: {shortId: x}\n---\nkind: Zone\nname: B\nplace: P\nconfig: {shortId: y}\n");
    let renamed = desk.run(&["apply", "-f", "zones.yaml", "--yes", "--prune"]);
    assert_eq!(renamed.code, 0, "{}", renamed.err);
    assert_eq!(check(&desk, &["-f", "zones.yaml", "--prune"]).0, 0);
}

#[test]
fn a_colour_is_for_terminals_only() {
    let desk = Desk::new();
    desk.write("label.json", "{\"kind\": \"Label\", \"name\": \"A\"}");
    let (code, told) = check(&desk, &["-f", "label.json"]);
    assert_eq!(
        (code, told.starts_with("+ Label \"A\"\n")),
        (8, true),
        "{told}"
    );
}

#[test]
fn segments_name_each_other_by_name_both_ways() {
    let desk = Desk::new();
    // In an order in which nothing that is named is there yet.
    desk.write(
        "segments.yaml",
        r#"
kind: Segment
name: Both
app: One
config: {query: {$any: [{$segment: Regulars}, {$not: {$segment: crm-1}}]}}
---
kind: Segment
name: Regulars
app: One
config: {query: '{ "$all" : [ {"$segment" : "crm-1"}, {"tag.visits": {"$gte": 3}} ] }'}
---
kind: Segment
externalId: crm-1
app: One
config: {name: Spanish, query: '{"lang": "es"}'}
---
kind: Segment
name: Regulars
app: Two
config: {type: Static}
---
kind: Segment
name: Both
app: Two
config: {query: {$segment: Regulars}}
---
kind: App
name: One
---
kind: App
name: Two
"#,
    );
    let made = desk.run(&["apply", "-f", "segments.yaml", "--yes"]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert_eq!(check(&desk, &["-f", "segments.yaml"]).0, 0);
    let listed = desk.run(&["segments", "list", "--all", "--output", "json"]);
    let segments: Vec<Value> = listed
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let named = |segment: &Value| {
        segment["config"]["query"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    for segment in &segments {
        assert!(!named(segment).contains("crm-1"), "an id: {segment}");
    }
    // What is pulled says names, in the text as it was, and changes nothing.
    assert_eq!(desk.run(&["pull", "pulled"]).code, 0);
    let pulled = fs::read_to_string(desk.home().join("pulled/segments.yaml")).unwrap();
    assert!(
        pulled.contains(r#"{ \"$all\" : [ {\"$segment\" : \"crm-1\"}, "#),
        "{pulled}"
    );
    for segment in &segments {
        let id = segment["segmentId"].as_str().unwrap();
        assert!(!pulled.contains(id), "{pulled}");
    }
    assert_eq!(check(&desk, &["-f", "pulled", "--prune"]).0, 0);

    // They can be turned around, and one that names another goes before it whatever their age.
    desk.write(
        "turned.yaml",
        r#"
kind: Segment
externalId: crm-1
app: One
config: {name: Spanish, query: {$segment: Both}}
---
kind: Segment
name: Both
app: One
config: {query: {os: iOS}}
---
kind: App
name: One
---
kind: App
name: Two
"#,
    );
    let turned = desk.run(&["apply", "-f", "turned.yaml", "--yes", "--prune"]);
    assert_eq!(turned.code, 0, "{}{}", turned.out, turned.err);
    assert!(
        turned.out.contains(r#"{\"$segment\":\"Both\"}"#),
        "{}",
        turned.out
    );
    assert_eq!(check(&desk, &["-f", "turned.yaml", "--prune"]).0, 0);
    desk.write(
        "one.yaml",
        "kind: App\nname: One\n---\nkind: App\nname: Two\n",
    );
    let gone = [
        "apply",
        "-f",
        "one.yaml",
        "--yes",
        "--prune",
        "--prune-kind",
        "Segment",
    ];
    let gone = desk.run(&gone);
    assert_eq!(gone.code, 0, "{}{}", gone.out, gone.err);

    desk.write(
        "wrong.yaml",
        "kind: Segment\nname: S\napp: One\nconfig: {query: {$segment: Nobody}}\n",
    );
    let wrong = desk.run(&["apply", "-f", "wrong.yaml", "--yes"]);
    assert_eq!(wrong.code, 2, "{}", wrong.err);
    assert!(
        wrong.err.contains("no Segment \"Nobody\" of this app"),
        "{}",
        wrong.err
    );
}
