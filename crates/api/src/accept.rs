//! Whether the client takes the media type of the answer.

use http::{HeaderMap, header::ACCEPT};
use moca_wire::problem::Code;

use crate::{
    failure::Failure,
    route::{EVENT_STREAM, JSON},
};

/// Refuses the request when `Accept` rules out the media type of the answer. The most specific range
/// decides (RFC 9110 §12.5.1), so `application/json;q=0, */*` is a no to JSON.
pub(crate) fn check(headers: &HeaderMap, answers: &str) -> Result<(), Failure> {
    let mut ranges = Vec::new();
    for value in headers.get_all(ACCEPT) {
        ranges.push(value.to_str().map_err(|_| unreadable())?);
    }
    if admits(&ranges.join(","), answers)? {
        return Ok(());
    }
    Err(Failure::new(
        Code::NotAcceptable,
        format!("The answer is {answers}: leave Accept out or admit that in it."),
    ))
}

/// Whether the client asks for a stream of events: it names that type, and does not like JSON better. Who
/// names both alike gets JSON, and who takes anything does too.
pub(crate) fn prefers_events(headers: &HeaderMap) -> Result<bool, Failure> {
    let (mut events, mut json) = (0.0, 0.0);
    for value in headers.get_all(ACCEPT) {
        let value = value.to_str().map_err(|_| unreadable())?;
        for range in value.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            if media.eq_ignore_ascii_case(EVENT_STREAM) {
                events = quality(parts)?;
            } else if media.eq_ignore_ascii_case(JSON) {
                json = quality(parts)?;
            }
        }
    }
    Ok(events > json)
}

fn admits(accept: &str, answers: &str) -> Result<bool, Failure> {
    let (group, _) = answers.split_once('/').unwrap_or((answers, ""));
    // (how specific, admitted) of the best range so far.
    let mut best: Option<(u8, bool)> = None;
    let mut any = false;
    for range in accept.split(',').map(str::trim).filter(|r| !r.is_empty()) {
        any = true;
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        if !media.contains('/') {
            return Err(unreadable());
        }
        let admitted = quality(parts)? > 0.0;
        let specificity = match media.as_str() {
            exact if exact == answers => 2,
            "*/*" => 0,
            range if range.strip_suffix("/*") == Some(group) => 1,
            _ => continue,
        };
        best = match best {
            Some((known, _)) if known > specificity => best,
            Some((known, before)) if known == specificity => Some((known, before || admitted)),
            _ => Some((specificity, admitted)),
        };
    }
    Ok(!any || best.is_some_and(|(_, admitted)| admitted))
}

/// The weight of an item of a list such as `Accept`, from its parameters.
pub(crate) fn quality<'a>(mut parameters: impl Iterator<Item = &'a str>) -> Result<f32, Failure> {
    let given = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim_end()
            .eq_ignore_ascii_case("q")
            .then(|| value.trim())
    });
    match given {
        None => Ok(1.0),
        Some(text) => text
            .parse()
            .ok()
            .filter(|quality| (0.0..=1.0).contains(quality))
            .ok_or_else(unreadable),
    }
}

fn unreadable() -> Failure {
    Failure::new(
        Code::InvalidHeader,
        "Accept is a list of media ranges such as application/json;q=0.9, */*;q=0.1.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_range_decides() {
        for (accept, expected) in [
            ("", true),
            ("*/*", true),
            ("application/json", true),
            ("APPLICATION/JSON; charset=utf-8", true),
            ("application/*;q=0.1", true),
            ("text/html, */*;q=0.1", true),
            ("text/html", false),
            ("application/xml, text/*", false),
            ("application/json;q=0", false),
            ("application/json;q=0, */*", false),
            ("*/*;q=0", false),
            ("*/*;q=0, application/json", true),
            ("application/*;q=0, */*", false),
        ] {
            assert_eq!(admits(accept, JSON).unwrap(), expected, "{accept}");
        }
    }

    #[test]
    fn a_file_is_asked_for_by_its_own_type() {
        for (accept, expected) in [
            ("", true),
            ("text/csv", true),
            ("text/*", true),
            ("*/*", true),
            ("application/json", false),
            ("text/csv;q=0, text/*", false),
        ] {
            assert_eq!(admits(accept, "text/csv").unwrap(), expected, "{accept}");
        }
    }

    #[test]
    fn a_stream_is_for_those_who_name_it() {
        for (accept, expected) in [
            ("", false),
            ("*/*", false),
            ("text/*", false),
            ("text/event-stream", true),
            ("Text/Event-Stream, */*", true),
            ("text/event-stream;q=0.5, application/json;q=0.4", true),
            ("application/json, text/event-stream", false),
            ("text/event-stream;q=0", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().unwrap());
            assert_eq!(prefers_events(&headers).unwrap(), expected, "{accept}");
        }
    }

    #[test]
    fn what_is_no_list_of_ranges_is_refused() {
        for accept in ["json", "application/json;q=2", "application/json;q=x"] {
            assert!(admits(accept, JSON).is_err(), "{accept}");
        }
    }
}
