use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::{
    event::Profile,
    id::SegmentId,
    property::{Properties, Property},
    samples::id,
    segment::Traits,
};

struct Ana {
    profile: Profile,
    properties: Properties,
    tags: BTreeMap<String, f64>,
    listed: BTreeSet<SegmentId>,
    user_id: Option<&'static str>,
}

fn ana() -> Ana {
    let text = |text: &str| Property::Text(text.to_owned());
    Ana {
        profile: Profile {
            lang: Some("es-MX".into()),
            os_version: Some("14.6".into()),
            ..Profile::default()
        },
        properties: Properties::from([
            ("name".into(), text("Ana <b>& co</b>")),
            ("tier".into(), text("gold/1 ñ")),
            ("age".into(), Property::Number(41.0)),
            ("weight".into(), Property::Number(0.5)),
            ("vip".into(), Property::Bool(true)),
            ("first name".into(), text("Ana")),
            (
                "teams".into(),
                Property::List(vec!["red".into(), "<blue>".into()]),
            ),
        ]),
        tags: BTreeMap::from([("visits".into(), 3.0)]),
        listed: BTreeSet::new(),
        user_id: Some("u-7"),
    }
}

impl Ana {
    fn facts(&self) -> Facts<'_> {
        Facts {
            person: Traits {
                profile: &self.profile,
                user_id: self.user_id,
                properties: &self.properties,
                tags: &self.tags,
                push_enabled: false,
                location_status: None,
                refuses_profiling: false,
                listed: &self.listed,
                created_at: 0,
                last_seen_at: 0,
            },
            place: Some((id(9), "Plaza Mayor")),
            zone: None,
            beacon: None,
            verb: "enter_place",
            item: None,
            category: None,
            value: Some(2.5),
            event_properties: Some(&self.properties),
        }
    }

    fn written(&self, medium: Medium, text: &str) -> String {
        let template = Template::read(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
        let written = template.render(medium, 1_000, &self.facts());
        written.unwrap_or_else(|error| panic!("{text}: {error}"))
    }
}

#[test]
fn every_field_is_written() {
    let ana = ana();
    for (text, expected) in [
        ("{{ user.id }}", "u-7"),
        ("{{ user.name }}", "Ana <b>& co</b>"),
        ("{{ property.age }} {{ property.weight }}", "41 0.5"),
        ("{{ property['first name'] }}", "Ana"),
        ("{{ property.vip }}", "True"),
        ("{{ property.teams | join(', ') }}", "red, <blue>"),
        ("{{ tag.visits }}", "3"),
        ("{{ device.lang }} {{ device.osVersion }}", "es-MX 14.6"),
        (
            "{{ place.name }} {{ place.id }}",
            "Plaza Mayor CQkJCQkJCQkJCQkJCQkJCQ",
        ),
        ("{{ event.verb }} {{ event.value }}", "enter_place 2.5"),
        ("{{ event.property.age }}", "41"),
        (
            "a{{ property.none }}b{{ zone.name }}{{ beacon.id }}{{ event.item }}c",
            "abc",
        ),
        ("{{ property.none | default('friend') }}", "friend"),
        ("{{ property.none | upper | trim }}", ""),
        ("{{ 'vip' if property.vip else 'all' }}", "vip"),
        (
            "{% if tag.visits >= 3 %}again{% else %}first{% endif %}",
            "again",
        ),
        (
            "{% for team in property.teams %}{{ loop.index }}{{ team }};{% endfor %}",
            "1red;2<blue>;",
        ),
        (
            "{% raw %}{{ user.id }}{% endraw %}{# no word #}",
            "{{ user.id }}",
        ),
        ("{% if property.none is defined %}a{% endif %}", ""),
    ] {
        assert_eq!(ana.written(Medium::Text, text), expected, "{text}");
    }
}

#[test]
fn who_logged_out_is_not_greeted_by_name() {
    let mut ana = ana();
    ana.user_id = None;
    let text = "{{ user.name }}{{ user.id }}{{ property.age }}";
    assert_eq!(ana.written(Medium::Text, text), "41");
}

#[test]
fn values_cannot_change_what_they_are_put_into() {
    let ana = ana();
    for (medium, text, expected) in [
        (
            Medium::Html,
            "<p>{{ user.name }}</p>",
            "<p>Ana &lt;b&gt;&amp; co&lt;&#x2f;b&gt;</p>",
        ),
        (
            Medium::Html,
            "{% for team in property.teams %}<i>{{ team | upper }}</i>{% endfor %}",
            "<i>RED</i><i>&lt;BLUE&gt;</i>",
        ),
        (
            Medium::Url,
            "https://e.com/{{ property.tier }}?a={{ property.none }}&b={{ user.name }}",
            "https://e.com/gold%2F1%20%C3%B1?a=&b=Ana%20%3Cb%3E%26%20co%3C%2Fb%3E",
        ),
    ] {
        assert_eq!(ana.written(medium, text), expected, "{text}");
    }
}

#[test]
fn what_is_wrong_is_told_when_it_is_read() {
    let deep = "{% if tag.a %}".repeat(101);
    for (text, is_unknown_name, told) in [
        ("Hello {{ user.name", false, "line 1"),
        ("Hello\n{{ user. }}", false, "line 2"),
        ("{% if user.name %}", false, "line 1"),
        ("{% endif %}", false, "line 1"),
        ("{{ nam }}", true, "there is no field nam, line 1"),
        ("{{ user }}", true, "no field user, "),
        (
            "{{ place.nam }}",
            true,
            "no field place.nam, line 1; there are user.id",
        ),
        ("{{ place['nam'] }}", true, "no field place.nam"),
        ("{{ property.a.b }}", true, "no field property.a.b"),
        ("{% if false %}{{ nam }}{% endif %}", true, "no field nam"),
        (
            "{{ user.id | shout }}",
            true,
            "no filter shout, line 1; there are abs",
        ),
        ("{{ user.id | safe }}", true, "no filter safe"),
        (
            "{% if user.id is upper %}{% endif %}",
            true,
            "no test upper",
        ),
        ("{{ property.a.upper() }}", false, "there are no functions"),
        ("{{ range(9) }}", false, "there are no functions"),
        ("{% set a = 1 %}", false, "no other tags"),
        ("{% with a = 1 %}{% endwith %}", false, "no other tags"),
        (
            "{% autoescape false %}{{ user.id }}{% endautoescape %}",
            false,
            "no other tags",
        ),
        ("{% filter upper %}a{% endfilter %}", false, "no other tags"),
        ("{% include 'a' %}", false, "line 1"),
        ("{% macro a() %}{% endmacro %}", false, "line 1"),
        (
            "{% for a, b in property.x %}{% endfor %}",
            false,
            "expected one name",
        ),
        (
            "{% for a in property.x recursive %}{% endfor %}",
            false,
            "cannot call itself",
        ),
        (
            "{% for a in property.x %}{% endfor %}{{ a }}",
            true,
            "no field a",
        ),
        ("{{ property[user.id] }}", true, "no field property"),
        ("{{ 'a'.b }}", false, "only a field"),
        ("{{ {'a': 1} }}", false, "expected a field"),
        (&deep, false, "at most 100 tags in a text, found 101"),
    ] {
        let fault = Template::read(text).err();
        let fault = fault.unwrap_or_else(|| panic!("{text} was read"));
        assert_eq!(fault.is_unknown_name, is_unknown_name, "{text}: {fault:?}");
        assert!(fault.detail.contains(told), "{text}: {fault:?}");
    }
}

#[test]
fn tags_as_deep_as_they_may_be_are_read_and_written() {
    let ends = "{% endif %}";
    let deep = "{% if true %}".repeat(50) + "x" + &ends.repeat(50);
    assert_eq!(ana().written(Medium::Text, &deep), "x");
    let brackets = format!("{{{{ {}1{} }}}}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(Template::read(&brackets).is_err());
}

#[test]
fn no_text_costs_more_than_it_may() {
    let ana = ana();
    let loops = "{% for a in property.teams %}".repeat(20) + "x" + &"{% endfor %}".repeat(20);
    for text in [
        loops.as_str(),
        "{{ 'x' * 1000000000 }}",
        "{{ ('x' * 1000) | join('y' * 1000) | join('y' * 1000) }}",
        "{{ user.name | replace('', 'yyyyyyyyyy') | replace('y', 'zzzzzzzzzzzzzzzz') | replace('z', 'zzzzzzzzzzzzzzzzzzzzzzzz') | replace('z', 'zzzzzzzzzzzzzzzzzzzz')}}",
        "{{ 1 + user.name }}",
    ] {
        let template = Template::read(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
        let written = template.render(Medium::Text, 50_000, &ana.facts());
        assert!(written.is_err(), "{text}: {written:?}");
    }
    let template = Template::read("1234{{ tag.visits }}6").unwrap();
    assert!(matches!(
        template.render(Medium::Text, 5, &ana.facts()),
        Err(RenderError::TooLong(5))
    ));
    assert_eq!(
        template.render(Medium::Text, 6, &ana.facts()).unwrap(),
        "123436"
    );
}

#[test]
fn a_long_text_with_every_tag_it_may_have_can_be_written() {
    let ana = ana();
    let text = "x".repeat(40_000) + &"{{ user.name }}".repeat(100);
    let template = Template::read(&text).unwrap();
    let written = template.render(Medium::Html, 50_000, &ana.facts()).unwrap();
    assert_eq!(
        written.len(),
        40_000 + 100 * "Ana &lt;b&gt;&amp; co&lt;&#x2f;b&gt;".len()
    );
}

#[test]
fn the_words_of_a_text_are_what_is_left_without_its_tags() {
    let text = "Hello {{ user.name }}, {% if tag.a %}, again{% endif %}!";
    let template = Template::read(text).unwrap();
    assert_eq!(template.with_each_tag_as(""), "Hello , !");
    assert_eq!(template.with_each_tag_as("0"), "Hello 0, 0!");
    let words: Vec<&str> = template.all_words().collect();
    assert_eq!(words, ["Hello ", ", ", ", again", "!"]);
    assert_eq!(
        Template::read("https://{{ tag.a }}")
            .unwrap()
            .with_each_tag_as("0"),
        "https://0"
    );
    assert!(Template::is_one(text) && !Template::is_one("Hello {name}!"));
}

#[test]
fn a_text_that_cannot_be_written_is_sent_without_its_tags() {
    let ana = ana();
    let written = |text| write(text, Medium::Text, 20, &ana.facts());
    for (text, expected, fails) in [
        ("Hi {name} }}", "Hi {name} }}", false),
        ("Hi {{ user.id }}!", "Hi u-7!", false),
        ("Hi {{ 1 + user.name }}!", "Hi !", true),
        ("Hi {{ 'x' * 30 }}!", "Hi !", true),
        ("Hi {{ nam }}!", "Hi {{ nam }}!", true),
    ] {
        let written = written(text);
        assert_eq!(written.text, expected);
        assert_eq!(written.failure.is_some(), fails, "{text}");
        assert!(!written.failure.unwrap_or_default().contains("Ana"));
    }
}

#[test]
fn every_listed_field_can_be_named() {
    for name in field_names().split(", ") {
        let name = name.replace("<property>", "x").replace("<name>", "x");
        let text = format!("{{{{ {name} }}}}");
        let template = Template::read(&text).unwrap();
        assert_eq!(template.fields().len(), 1, "{name}");
        assert_eq!(template.fields()[0].path().join("."), name);
    }
}
