//! Which experiences should have fired for a traveller, by a plain reading of the rules.

use anyhow::Context;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use moca_core::campaign::repeat::Repeat;
use moca_wire::decisions::Outcome;

use super::{
    layout::{Layout, Offer},
    traveller::Traveller,
    whereabouts::Crossing,
};

const MINUTE_MS: i64 = 60_000;

/// What should have become of a trigger that came true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expected {
    /// The experience, by index.
    pub(super) offer: usize,
    pub(super) at_ms: i64,
    pub(super) outcome: Outcome,
}

/// Every trigger that came true for a traveller, with what should have become of it.
pub(super) fn decide_all(
    layout: &Layout,
    traveller: &Traveller,
    crossings: &[Crossing],
) -> anyhow::Result<Vec<Expected>> {
    let mut decided: Vec<Expected> = Vec::new();
    for crossing in crossings {
        for (index, offer) in layout.offers.iter().enumerate() {
            if (offer.direction, offer.spot) != (crossing.direction, crossing.spot) {
                continue;
            }
            let airport = &layout.airports[layout.airport_of(offer.spot)];
            let own_zone = traveller.profile.time_zone.as_deref();
            let zone = TimeZone::get(own_zone.unwrap_or(&airport.time_zone))?;
            let at_ms = crossing.at_ms;
            let outcome = outcome(layout, (index, offer), at_ms, &zone, &decided)?;
            decided.push(Expected {
                offer: index,
                at_ms,
                outcome,
            });
        }
    }
    Ok(decided)
}

fn outcome(
    layout: &Layout,
    (index, offer): (usize, &Offer),
    at_ms: i64,
    zone: &TimeZone,
    decided: &[Expected],
) -> anyhow::Result<Outcome> {
    let campaign = &layout.campaigns[offer.campaign];
    let now = local(at_ms, zone)?;
    if !offer.enabled {
        return Ok(Outcome::Disabled);
    }
    let ended = campaign.end_at.is_some_and(|end_at| at_ms >= end_at);
    if at_ms < campaign.start_at || ended {
        return Ok(Outcome::NotRunning);
    }
    if let Some(recurrence) = &campaign.recurrence
        && !recurrence.hours_of_day.contains(&i64::from(now.hour()))
    {
        return Ok(Outcome::OutsideRecurrence);
    }
    let fired = || {
        let fired = decided.iter().filter(|one| one.outcome == Outcome::Fired);
        fired.filter(|one| layout.offers[one.offer].campaign == offer.campaign)
    };
    if let Some(last) = fired().rfind(|one| one.offer == index)
        && !may_repeat(offer.repeat, last.at_ms, at_ms, zone)?
    {
        return Ok(Outcome::RepeatInterval);
    }
    let shown = fired().count();
    if shown > 0 && campaign.display_cap.is_some_and(|cap| shown as i64 >= cap) {
        return Ok(Outcome::DisplayCap);
    }
    if let (Some(wait_ms), Some(last)) = (campaign.display_wait_ms, fired().next_back())
        && at_ms - last.at_ms < wait_ms
    {
        return Ok(Outcome::DisplayWait);
    }
    Ok(Outcome::Fired)
}

/// Whether an experience may fire again; for the values that the demo uses.
fn may_repeat(repeat: Repeat, last_ms: i64, now_ms: i64, zone: &TimeZone) -> anyhow::Result<bool> {
    let passed_ms = now_ms - last_ms;
    Ok(match repeat {
        Repeat::Immediately => true,
        Repeat::Never => false,
        Repeat::After30Min => passed_ms >= 30 * MINUTE_MS,
        Repeat::After1Hour => passed_ms >= 60 * MINUTE_MS,
        Repeat::After4Hours => passed_ms >= 240 * MINUTE_MS,
        Repeat::NextDay => local(now_ms, zone)?.date() > local(last_ms, zone)?.date(),
        other => anyhow::bail!("the books do not know the repeat value {}", other.as_str()),
    })
}

fn local(at_ms: i64, zone: &TimeZone) -> anyhow::Result<DateTime> {
    let instant = Timestamp::from_millisecond(at_ms).context("a moment of the demo is no time")?;
    Ok(zone.to_datetime(instant))
}

/// The language in which a traveller should read a text: the closest to the phone's.
pub(super) fn language<'a>(
    texts: impl Iterator<Item = &'a String> + Clone,
    lang: Option<&str>,
) -> &'a str {
    let lang = lang.unwrap_or_default();
    let fits = |text: &&String| {
        let rest = lang.strip_prefix(text.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let closest = texts.filter(fits).max_by_key(|text| text.len());
    closest.map_or("default", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_language_is_read() {
        let texts = ["default", "es", "es-MX", "zh-Hant"].map(str::to_owned);
        for (lang, expected) in [
            (Some("es-MX"), "es-MX"),
            (Some("es-AR"), "es"),
            (Some("est"), "default"),
            (Some("zh-Hant-TW"), "zh-Hant"),
            (None, "default"),
        ] {
            assert_eq!(language(texts.iter(), lang), expected, "{lang:?}");
        }
    }

    #[test]
    fn the_next_day_begins_at_local_midnight() {
        let madrid = TimeZone::get("Europe/Madrid").unwrap();
        // 26 November 2026, 23:30 in Madrid.
        let last_ms = 1_795_732_200_000;
        let after = |minutes: i64, zone: &TimeZone| {
            may_repeat(
                Repeat::NextDay,
                last_ms,
                last_ms + minutes * MINUTE_MS,
                zone,
            )
            .unwrap()
        };
        assert!(!after(29, &madrid));
        assert!(after(30, &madrid));
        assert!(!after(30, &TimeZone::UTC));
    }
}
