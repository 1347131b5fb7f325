//! Experiences.

use moca_core::id::CampaignId;
use moca_wire::experiences;
use serde_json::{Value, json};

use crate::support::{
    Change::{Remove, Set},
    ID, OTHER_ID, assert_faults, assert_optional, found,
};

fn experience() -> Value {
    json!({
        "campaignId": ID,
        "config": {"name": "Hello", "description": "d", "repeat": "NextDay", "enabled": false},
        "trigger": {"@type": "EnterPlaceTrigger", "placeId": ID},
        "action": {
            "@type": "SendLocalMessageAction", "contentType": "text/plain",
            "content": {"default": "Hi", "es": "Hola", "es-MX": "Qu\u{e9} onda"}, "bgAlert": {"default": "Psst"}
        }
    })
}

fn read(body: &Value) -> Result<experiences::ExperienceInput, Vec<moca_wire::problem::Fault>> {
    experiences::read(body, None).by_itself()
}

#[test]
fn a_full_experience_is_read_and_written_back() {
    let input = read(&experience()).unwrap();
    assert_eq!(serde_json::to_value(&input).unwrap(), experience());
    let action = serde_json::from_value(experience()["action"].clone());
    assert_eq!(input.action, action.unwrap());
    assert_optional(
        &experience(),
        read,
        &[
            "/config/description",
            "/config/enabled",
            "/action/contentType",
            "/action/bgAlert",
        ],
    );
}

#[test]
fn every_trigger_and_action_is_read_and_written_back() {
    let triggers = [
        ("EnterPlaceTrigger", "placeId"),
        ("ExitPlaceTrigger", "placeId"),
        ("EnterZoneTrigger", "zoneId"),
        ("ExitZoneTrigger", "zoneId"),
        ("EnterBeaconTrigger", "beaconId"),
        ("ExitBeaconTrigger", "beaconId"),
    ];
    let actions = [
        ("SendLocalMessageAction", "text/plain", "Hi"),
        ("ShowHtmlAction", "text/html", "<p>\n\tHi</p>"),
        ("OpenUrlAction", "text/x-url", "myapp://offers/7"),
        ("PlayVideoAction", "text/x-url", "https://e.com/a.mp4"),
        ("ShowImageAction", "text/x-url", "https://e.com/a.png"),
        (
            "AddPassAction",
            "text/x-url",
            "https://e.com/{{ user.id }}.pkpass",
        ),
        ("PlaySoundAction", "text/plain", "default"),
        ("CustomAction", "text/plain", "open-locker-7"),
    ];
    for (trigger, key) in triggers {
        for (action, content_type, content) in actions {
            let mut body = experience();
            body["trigger"] = json!({"@type": trigger, key: OTHER_ID});
            body["action"] = json!({
                "@type": action, "contentType": content_type,
                "content": {"default": content}, "bgAlert": {}
            });
            let input = read(&body).unwrap();
            assert_eq!(serde_json::to_value(&input).unwrap(), body);
            body["trigger"]["delayMs"] = json!(120_000);
            match read(&body) {
                Ok(input) => assert_eq!(serde_json::to_value(&input).unwrap(), body),
                Err(faults) => {
                    assert!(trigger.starts_with("Exit"), "{faults:?}");
                    assert_eq!(found(&faults), [("/trigger/delayMs", "unknown_field")]);
                }
            }
        }
    }
}

#[test]
fn an_experience_keeps_its_campaign() {
    let campaign: CampaignId = ID.parse().unwrap();
    let read = |body: &_| experiences::read(body, Some(campaign)).by_itself();
    assert_optional(&experience(), read, &["/campaignId"]);
    assert_faults(
        &experience(),
        read,
        &[(
            "/campaignId",
            Set(json!(OTHER_ID)),
            "/campaignId",
            "immutable",
        )],
    );
}

#[test]
fn each_fault_of_config_and_trigger_is_found_where_it_is() {
    let repeat = "/config/repeat";
    let trigger = "/trigger";
    assert_faults(
        &experience(),
        read,
        &[
            ("/campaignId", Remove, "/campaignId", "required"),
            ("/config/name", Remove, "/config/name", "required"),
            (repeat, Remove, repeat, "required"),
            (repeat, Set(json!("After7Min")), repeat, "unknown_value"),
            (
                "/config/enabled",
                Set(json!(1)),
                "/config/enabled",
                "wrong_type",
            ),
            (trigger, Remove, trigger, "required"),
            (trigger, Set(json!("enter")), trigger, "wrong_type"),
            (
                trigger,
                Set(json!({"placeId": ID})),
                "/trigger/@type",
                "required",
            ),
            (
                trigger,
                Set(json!({"@type": "SingTrigger", "placeId": ID})),
                "/trigger/@type",
                "unknown_value",
            ),
            (
                trigger,
                Set(json!({"@type": "ExitZoneTrigger"})),
                "/trigger/zoneId",
                "required",
            ),
            (
                "/trigger/zoneId",
                Set(json!(ID)),
                "/trigger/zoneId",
                "unknown_field",
            ),
            (
                "/trigger/placeId",
                Set(json!("p")),
                "/trigger/placeId",
                "invalid_format",
            ),
            (
                "/trigger/delayMs",
                Set(json!(-1)),
                "/trigger/delayMs",
                "out_of_range",
            ),
            (
                "/trigger/delayMs",
                Set(json!(7 * 86_400_000 + 1)),
                "/trigger/delayMs",
                "out_of_range",
            ),
            (
                "/trigger/delayMs",
                Set(json!("2m")),
                "/trigger/delayMs",
                "wrong_type",
            ),
            ("/action", Remove, "/action", "required"),
        ],
    );
}

#[test]
fn each_fault_of_an_action_is_found_where_it_is() {
    let content = "/action/content";
    let default = "/action/content/default";
    let kind = "/action/@type";
    assert_faults(
        &experience(),
        read,
        &[
            (kind, Remove, kind, "required"),
            (kind, Set(json!("SingAction")), kind, "unknown_value"),
            (
                "/action/contentType",
                Set(json!("text/html")),
                "/action/contentType",
                "unknown_value",
            ),
            (content, Remove, content, "required"),
            (content, Set(json!("Hi")), content, "wrong_type"),
            (content, Set(json!({"es": "Hola"})), default, "required"),
            (default, Set(json!("")), default, "too_short"),
            (default, Set(json!(1)), default, "wrong_type"),
            (default, Set(json!("x".repeat(50_001))), default, "too_long"),
            (
                "/action/content/en_GB",
                Set(json!("Hi")),
                "/action/content/en_GB",
                "invalid_format",
            ),
            (
                "/action/content/ES",
                Set(json!("Hola")),
                "/action/content/es",
                "not_unique",
            ),
            (
                "/action/bgAlert/default",
                Set(json!("x".repeat(2_001))),
                "/action/bgAlert/default",
                "too_long",
            ),
            (
                "/action/bgAlert",
                Set(json!({"es": "Oye"})),
                "/action/bgAlert/default",
                "required",
            ),
            (
                "/action/sound",
                Set(json!("ping")),
                "/action/sound",
                "unknown_field",
            ),
        ],
    );
}

#[test]
fn a_link_must_be_absolute() {
    let mut body = experience();
    body["action"] =
        json!({"@type": "OpenUrlAction", "content": {"default": "/offers", "es": "https://e.com"}});
    assert_eq!(
        found(&read(&body).unwrap_err()),
        [("/action/content/default", "invalid_format")]
    );
}

#[test]
fn html_of_exactly_the_limit_is_accepted_in_every_language() {
    let html = "x".repeat(50_000);
    let mut body = experience();
    body["action"] = json!({"@type": "ShowHtmlAction", "content": {"default": html, "es": html}});
    assert!(read(&body).is_ok());
}

#[test]
fn a_tag_action_is_read_and_written_back() {
    let mut body = experience();
    body["action"] = json!({
        "@type": "TagAction", "contentType": "text/x-tag", "tagName": "visits", "tagValue": "=3.5"
    });
    let input = read(&body).unwrap();
    assert_eq!(serde_json::to_value(&input).unwrap(), body);
    let action = serde_json::from_value(body["action"].clone());
    assert_eq!(input.action, action.unwrap());
    assert_optional(&body, read, &["/action/contentType", "/action/tagValue"]);
    body["action"]["tagValue"] = Value::Null;
    let input = serde_json::to_value(read(&body).unwrap()).unwrap();
    assert_eq!(input["action"]["tagValue"], "+1");
    body["action"]["tagValue"] = json!("+1");
    let (name, value) = ("/action/tagName", "/action/tagValue");
    assert_faults(
        &body,
        read,
        &[
            (name, Remove, name, "required"),
            (name, Set(json!(" ")), name, "too_short"),
            (value, Set(json!("one")), value, "invalid_format"),
            (value, Set(json!(1)), value, "wrong_type"),
            (
                "/action/content",
                Set(json!({"default": "Hi"})),
                "/action/content",
                "unknown_field",
            ),
            (
                "/action/contentType",
                Set(json!("text/plain")),
                "/action/contentType",
                "unknown_value",
            ),
        ],
    );
}

/// Each line: the action, its content, and the code of the fault; none if it is taken.
#[test]
fn a_template_is_taken_or_refused_where_it_stands() {
    for (action, content, code) in [
        ("SendLocalMessageAction", "Hi {{ user.name }}", None),
        (
            "SendLocalMessageAction",
            "{% raw %}{{ this }}{% endraw %}",
            None,
        ),
        (
            "SendLocalMessageAction",
            "Hi {{ user.name }",
            Some("invalid_format"),
        ),
        (
            "SendLocalMessageAction",
            "Hi {{ name }}",
            Some("unknown_value"),
        ),
        (
            "ShowHtmlAction",
            "<p>{{ place.name | shout }}</p>",
            Some("unknown_value"),
        ),
        (
            "ShowHtmlAction",
            "{% include 'other' %}",
            Some("invalid_format"),
        ),
        ("CustomAction", "open {{ locker }}", Some("unknown_value")),
        ("PlaySoundAction", "chime-{{ tag.level }}.wav", None),
        ("PlaySoundAction", "{{ sound }}", Some("unknown_value")),
        ("OpenUrlAction", "myapp://{{ property.tier }}", None),
        (
            "OpenUrlAction",
            "https://e.com/{% if tag.a %}a{% else %}b{% endif %}",
            None,
        ),
        (
            "OpenUrlAction",
            "{{ property.link }}",
            Some("invalid_format"),
        ),
        (
            "OpenUrlAction",
            "java{{ '' }}script:alert(1)",
            Some("invalid_format"),
        ),
        (
            "OpenUrlAction",
            "javascript:{{ user.id }}",
            Some("invalid_format"),
        ),
        (
            "OpenUrlAction",
            "https://e.com/a b{{ user.id }}",
            Some("invalid_format"),
        ),
        (
            "ShowImageAction",
            "https://e.com/{{ device.lang }}.png",
            None,
        ),
        (
            "ShowImageAction",
            "myapp://{{ device.lang }}.png",
            Some("invalid_format"),
        ),
        ("PlayVideoAction", "myapp://video", Some("invalid_format")),
        (
            "AddPassAction",
            "https://e.com/{{ pass }}",
            Some("unknown_value"),
        ),
    ] {
        let mut body = experience();
        body["action"] =
            json!({"@type": action, "content": {"default": "https://e.com", "es": content}});
        let code: Vec<(&str, &str)> = code
            .map(|code| ("/action/content/es", code))
            .into_iter()
            .collect();
        let faults = read(&body).err().unwrap_or_default();
        assert_eq!(found(&faults), code, "{content}: {faults:?}");
    }
    let mut body = experience();
    body["action"]["bgAlert"]["default"] = json!("{{ nobody.name }}");
    let faults = read(&body).unwrap_err();
    assert_eq!(
        found(&faults),
        [("/action/bgAlert/default", "unknown_value")]
    );
    assert!(
        faults[0].detail.contains("there are user.id, "),
        "{faults:?}"
    );
}

/// Triggers other than those that wait for a crossing.
fn others() -> Vec<Value> {
    vec![
        json!({"@type": "ZoneProximityTrigger", "zoneId": ID, "proximity": "Near"}),
        json!({"@type": "BeaconProximityTrigger", "beaconId": ID, "proximity": "Immediate"}),
        json!({"@type": "CustomTrigger", "customArgument": "queue-is-short"}),
        json!({"@type": "EventTrigger", "verb": "purchase"}),
        json!({
            "@type": "EventTrigger", "verb": "purchase", "item": "map", "category": "souvenir",
            "where": "{\"value\":{\"$gte\":20},\"property.gift\":true}"
        }),
    ]
}

#[test]
fn other_triggers_are_read_and_written_back_alone_and_as_parts() {
    let enter = json!({"@type": "EnterPlaceTrigger", "placeId": OTHER_ID, "delayMs": 60_000});
    let exit = json!({"@type": "ExitPlaceTrigger", "placeId": ID});
    for other in others() {
        let composite = json!({"@type": "CompositeTrigger", "list": [enter, other, exit]});
        for trigger in [other, composite] {
            let mut body = experience();
            body["trigger"] = trigger.clone();
            let input = read(&body).unwrap();
            assert_eq!(serde_json::to_value(&input).unwrap(), body);
            assert_eq!(serde_json::to_value(&input.trigger).unwrap(), trigger);
            let kept: moca_core::experience::Trigger = serde_json::from_value(trigger).unwrap();
            assert_eq!(kept, input.trigger);
        }
    }
    // An object says the same as its text.
    let mut body = experience();
    body["trigger"] = json!({"@type": "EventTrigger", "verb": "v", "where": {"item": "map"}});
    let input = serde_json::to_value(read(&body).unwrap()).unwrap();
    assert_eq!(input["trigger"]["where"], "{\"item\":\"map\"}");
}

#[test]
fn each_fault_of_other_triggers_is_found_where_it_is() {
    let event = others().remove(3);
    let custom = others().remove(2);
    let many = |part: &Value, count| json!({"@type": "CompositeTrigger", "list": vec![part.clone(); count]});
    let exit = json!({"@type": "ExitPlaceTrigger", "placeId": ID});
    let stay = json!({"@type": "EnterPlaceTrigger", "placeId": ID, "delayMs": 60_000});
    let trigger = |trigger: Value| Set(trigger);
    assert_faults(
        &experience(),
        read,
        &[
            (
                "/trigger",
                trigger(json!({"@type": "ZoneProximityTrigger", "zoneId": ID})),
                "/trigger/proximity",
                "required",
            ),
            (
                "/trigger",
                trigger(
                    json!({"@type": "BeaconProximityTrigger", "beaconId": ID, "proximity": "Unknown"}),
                ),
                "/trigger/proximity",
                "unknown_value",
            ),
            (
                "/trigger",
                trigger(json!({"@type": "CustomTrigger"})),
                "/trigger/customArgument",
                "required",
            ),
            (
                "/trigger",
                trigger(json!({"@type": "EventTrigger", "verb": " "})),
                "/trigger/verb",
                "too_short",
            ),
            (
                "/trigger",
                trigger(json!({"@type": "EventTrigger", "verb": "v", "where": {"lang": "es"}})),
                "/trigger/where/lang",
                "unknown_field",
            ),
            (
                "/trigger",
                trigger(json!({"@type": "EventTrigger", "verb": "v", "where": {"$segment": ID}})),
                "/trigger/where/$segment",
                "unknown_field",
            ),
            (
                "/trigger",
                trigger(json!({"@type": "EventTrigger", "verb": "v", "where": "item=map"})),
                "/trigger/where",
                "invalid_format",
            ),
            (
                "/trigger",
                trigger(many(&exit, 0)),
                "/trigger/list",
                "too_short",
            ),
            (
                "/trigger",
                trigger(many(&exit, 11)),
                "/trigger/list",
                "too_long",
            ),
            (
                "/trigger",
                trigger(json!({"@type": "CompositeTrigger"})),
                "/trigger/list",
                "required",
            ),
            (
                "/trigger",
                trigger(
                    json!({"@type": "CompositeTrigger", "list": [exit, {"@type": "ExitZoneTrigger"}]}),
                ),
                "/trigger/list/1/zoneId",
                "required",
            ),
            (
                "/trigger",
                trigger(json!({"@type": "CompositeTrigger", "list": [exit, many(&exit, 1)]})),
                "/trigger/list/1/@type",
                "unknown_value",
            ),
            (
                "/trigger",
                trigger(json!({"@type": "CompositeTrigger", "list": [event, exit, custom]})),
                "/trigger/list",
                "mismatch",
            ),
            (
                "/trigger",
                trigger(json!({"@type": "CompositeTrigger", "list": [event, exit, stay]})),
                "/trigger/list/1",
                "mismatch",
            ),
            (
                "/trigger",
                trigger(json!({"@type": "EventTrigger", "verb": "exit_beacon"})),
                "/trigger/verb",
                "unknown_value",
            ),
        ],
    );
}
