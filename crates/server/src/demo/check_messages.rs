//! Holds every decision and every inbox to the books.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::{StreamExt, TryStreamExt, stream};
use moca_core::{
    id::{ExperienceId, InstanceId, MessageId},
    limits::PAGE_LIMIT_MAX,
};
use moca_wire::{
    decisions::{Decision, Outcome},
    messages::Message,
};

use super::{checks::Checks, clock_text, drive::AT_A_TIME, rules, scene::Scene};

/// A trigger that came true: the experience, by index, and when.
type Truth = (usize, i64);

impl Scene {
    /// Every decision, and how many there are of each outcome; answers the latter.
    pub(super) fn check_decisions(
        &self,
        decisions: &[Decision],
        checks: &mut Checks,
    ) -> BTreeMap<Outcome, u64> {
        let mut answered = self.by_traveller(decisions, checks);
        let mut expected_counts: BTreeMap<Outcome, u64> = BTreeMap::new();
        for (number, page) in self.books.pages().iter().enumerate() {
            let mut answered = answered.remove(&number).unwrap_or_default();
            for expected in &page.decisions {
                *expected_counts.entry(expected.outcome).or_insert(0) += 1;
                let truth = (expected.offer, expected.at_ms);
                let outcome = answered.remove(&truth);
                let what = || self.truth_name(number, truth);
                checks.same(what, &Some(expected.outcome), &outcome);
            }
            for (truth, outcome) in answered {
                checks.same(|| self.truth_name(number, truth), &None, &Some(outcome));
            }
        }
        let mut counts: BTreeMap<Outcome, u64> = BTreeMap::new();
        for decision in decisions {
            *counts.entry(decision.outcome).or_insert(0) += 1;
        }
        let outcomes: BTreeSet<&Outcome> = expected_counts.keys().chain(counts.keys()).collect();
        for outcome in outcomes {
            let what = || format!("decisions {outcome:?}");
            checks.same(what, &expected_counts.get(outcome), &counts.get(outcome));
        }
        counts
    }

    /// Every message in every inbox, against the books and against the decisions that name it.
    pub(super) async fn check_inboxes(
        &self,
        decisions: &[Decision],
        checks: &mut Checks,
    ) -> anyhow::Result<()> {
        let mut named: HashMap<InstanceId, BTreeSet<MessageId>> = HashMap::new();
        for decision in decisions {
            let named = named.entry(decision.instance_id).or_default();
            named.extend(decision.message_id);
        }
        let inboxes = stream::iter(self.phones.iter().enumerate())
            .map(async |(number, phone)| {
                let inbox = phone.device.messages(0, PAGE_LIMIT_MAX).await?;
                anyhow::Ok((number, inbox.items))
            })
            .buffer_unordered(AT_A_TIME);
        let inboxes: Vec<(usize, Vec<Message>)> = inboxes.try_collect().await?;
        for (number, inbox) in inboxes {
            let ids: BTreeSet<MessageId> = inbox.iter().map(|message| message.message_id).collect();
            let named = named.remove(&self.phones[number].instance_id);
            let what = || format!("messages named by the decisions of traveller {number}");
            checks.same(what, &named.unwrap_or_default(), &ids);
            self.check_inbox(number, &inbox, checks);
        }
        Ok(())
    }

    fn check_inbox(&self, number: usize, inbox: &[Message], checks: &mut Checks) {
        let mut answered: BTreeMap<Truth, (&str, &str)> = BTreeMap::new();
        for message in inbox {
            let Some(offer) = self.offer(message.experience_id) else {
                let what = || format!("experience of a message of traveller {number}");
                checks.same(what, &None, &Some(message.experience_id));
                continue;
            };
            let text = message.action.content.iter().next();
            let text = text.map_or(("", ""), |(locale, text)| (locale.as_str(), text.as_str()));
            answered.insert((offer, message.at), text);
        }
        let page = &self.books.pages()[number];
        let fired = page
            .decisions
            .iter()
            .filter(|one| one.outcome == Outcome::Fired);
        let mut expected_count = 0;
        for one in fired {
            expected_count += 1;
            let texts = self.layout.offers[one.offer].action.content();
            let lang = self.travellers[number].profile.lang.as_deref();
            let text = texts.and_then(|texts| {
                let locale = rules::language(texts.content.keys(), lang);
                let text = texts.content.get(locale)?;
                Some((locale, text.as_str()))
            });
            let truth = (one.offer, one.at_ms);
            let what = || format!("message for {}", self.truth_name(number, truth));
            checks.same(what, &text, &answered.get(&truth).copied());
        }
        let what = || format!("messages of traveller {number}");
        checks.same(what, &expected_count, &inbox.len());
    }

    fn by_traveller(
        &self,
        decisions: &[Decision],
        checks: &mut Checks,
    ) -> BTreeMap<usize, BTreeMap<Truth, Outcome>> {
        let phones = self.phones.iter().enumerate();
        let numbers: HashMap<InstanceId, usize> = phones
            .map(|(number, phone)| (phone.instance_id, number))
            .collect();
        let mut by_traveller: BTreeMap<usize, BTreeMap<Truth, Outcome>> = BTreeMap::new();
        for decision in decisions {
            let number = numbers.get(&decision.instance_id);
            let offer = self.offer(decision.experience_id);
            let (Some(&number), Some(offer)) = (number, offer) else {
                let what = || "decision on somebody or something else".to_owned();
                checks.same(what, &None, &Some(decision.decision_id));
                continue;
            };
            let truths = by_traveller.entry(number).or_default();
            let before = truths.insert((offer, decision.at), decision.outcome);
            let what = || {
                format!(
                    "second decision on {}",
                    self.truth_name(number, (offer, decision.at))
                )
            };
            checks.same(what, &None, &before);
        }
        by_traveller
    }

    fn offer(&self, id: ExperienceId) -> Option<usize> {
        self.world.experiences.iter().position(|one| *one == id)
    }

    fn truth_name(&self, number: usize, (offer, at_ms): Truth) -> String {
        let name = &self.layout.offers[offer].name;
        format!("{name} for traveller {number} at {}", clock_text(at_ms))
    }
}
