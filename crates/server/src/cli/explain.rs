//! `moca explain`

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{Arg, ArgMatches, Command, builder::PossibleValuesParser};
use moca_core::id::{ExperienceId, Id, InstanceId};
use moca_wire::explain::Explanation;

use super::{
    connection,
    exit::{self, Misuse},
    given,
    resources::{MOMENT, moment},
    run_to_end,
};

pub(super) fn command() -> Command {
    Command::new("explain")
        .about("Tell why an instance gets an experience, or does not")
        .long_about(
            "Tell why an instance gets an experience, or does not: what every rule says, where the device \
             was, and what was decided before. With --at it looks at the device as it was then.",
        )
        .after_help(format!(
            "Example:\n  moca explain INSTANCE_ID --experience EXPERIENCE_ID --at 2026-12-01T09:00:00Z\n\n{}",
            exit::CODES
        ))
        .args(connection::arguments())
        .arg(
            Arg::new("instance")
                .value_name("INSTANCE_ID")
                .required(true)
                .help("The instance; moca instances list --user finds those of a user"),
        )
        .arg(
            Arg::new("experience")
                .long("experience")
                .value_name("ID")
                .required(true)
                .help("The experience"),
        )
        .arg(
            Arg::new("at")
                .long("at")
                .value_name("TIME")
                .help("The moment [default: now]"),
        )
        .arg(
            Arg::new("output")
                .short('o')
                .long("output")
                .value_name("FORMAT")
                .value_parser(PossibleValuesParser::new(["text", "json"]))
                .help("text or json [default: text]"),
        )
}

pub(super) fn run(arguments: &ArgMatches) -> ExitCode {
    run_to_end(async move {
        let instance: InstanceId = id(arguments, "instance")?;
        let experience: ExperienceId = id(arguments, "experience")?;
        let at = match given(arguments, "at") {
            None => None,
            Some(text) => {
                let expected = || Misuse(format!("--at: expected {MOMENT}"));
                Some(moment(&text).ok_or_else(expected)?)
            }
        };
        let client = connection::client(arguments)?;
        let explanation = client.explain(instance, experience, at).await?;
        let mut out = io::stdout().lock();
        match given(arguments, "output").as_deref() {
            Some("json") => writeln!(out, "{}", serde_json::to_string(&explanation)?)?,
            _ => out.write_all(told(&explanation).as_bytes())?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn id<T: From<Id>>(arguments: &ArgMatches, name: &str) -> Result<T, Misuse> {
    let text = given(arguments, name).unwrap_or_default();
    let id: Id = text
        .parse()
        .map_err(|error| Misuse(format!("{name}: {error}")))?;
    Ok(id.into())
}

fn told(explanation: &Explanation) -> String {
    let mut text = format!("{}\n\n", explanation.sentence);
    if let Some(presence) = &explanation.presence {
        text.push_str(&format!("        {}\n", presence.sentence));
    }
    for check in &explanation.checks {
        let mark = if check.stops { "stops" } else { "ok" };
        text.push_str(&format!("  {mark:5} {}\n", check.sentence));
    }
    if !explanation.decided.is_empty() {
        let counts: Vec<String> = explanation
            .decided
            .iter()
            .map(|(outcome, count)| format!("{outcome} {count}"))
            .collect();
        text.push_str(&format!("\nDecided until then: {}\n", counts.join(", ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use moca_wire::schema::Described;

    use super::*;

    #[test]
    fn every_rule_has_a_line_and_those_that_stop_are_marked() {
        let example = serde_json::from_value(Explanation::example()).unwrap();
        let text = told(&example);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("It does not fire. "), "{text}");
        assert!(
            lines[2].starts_with("        The device was not in"),
            "{text}"
        );
        assert_eq!(lines[3], "  ok    The experience is switched on.");
        assert!(lines[4].starts_with("  stops It last fired at"), "{text}");
        assert_eq!(lines[6], "Decided until then: Fired 1, RepeatInterval 1");
    }
}
