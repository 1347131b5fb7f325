//! Many places in one request.

use moca_core::id::PlaceId;
use moca_storage::control::Tx;
use moca_wire::{
    batch::{self, BatchAnswer, BatchItem},
    fault::Faults,
    places::{self, PlaceKey},
};
use serde_json::Value;

use super::places::insert;
use crate::{call::Call, failure::Failure, reply::Reply};

/// `POST /v2/places/batch`: each item is made or refused on its own, unless `atomic` asks for all
/// or nothing.
pub(crate) async fn create(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let body = call.json()?;
    let mut outcomes = Vec::new();
    for item in batch::read_items(body)? {
        match create_one(call, tx, item).await {
            Err(failure @ (Failure::Internal { .. } | Failure::Panicked)) => return Err(failure),
            outcome => outcomes.push(outcome),
        }
    }
    if call.query().flag("atomic") && outcomes.iter().any(Result::is_err) {
        let prefix = if body.is_array() { "" } else { "/items" };
        return Err(all_refused(prefix, outcomes));
    }
    let answer = |(index, outcome)| answer_one(call, index, outcome);
    let items = outcomes.into_iter().enumerate().map(answer).collect();
    Reply::ok(&BatchAnswer { items })
}

async fn create_one(call: &Call, tx: &mut Tx, item: &Value) -> Result<PlaceId, Failure> {
    let input = places::read(item)?;
    Ok(insert(call, tx, input.config).await?.id())
}

fn answer_one(call: &Call, index: usize, outcome: Result<PlaceId, Failure>) -> BatchItem<PlaceKey> {
    match outcome {
        Ok(place_id) => BatchItem {
            index,
            status: 201,
            id: Some(PlaceKey { place_id }),
            problem: None,
        },
        Err(failure) => BatchItem {
            index,
            status: failure.code().status(),
            id: None,
            problem: Some(failure.problem(call.request_id())),
        },
    }
}

/// One refusal for the whole batch: the code of the first item refused, the faults of all.
fn all_refused(prefix: &str, outcomes: Vec<Result<PlaceId, Failure>>) -> Failure {
    let mut faults = Faults::new();
    let mut first = None;
    for (index, outcome) in outcomes.into_iter().enumerate() {
        let Err(Failure::Refused { code, errors, .. }) = outcome else {
            continue;
        };
        first.get_or_insert(code);
        for fault in errors {
            faults.push_as(format!("{prefix}/{index}{}", fault.pointer), fault);
        }
    }
    let code = first.unwrap_or(moca_wire::problem::Code::ValidationFailed);
    Failure::new(
        code,
        "Nothing was made: repair the items listed in errors, or repeat without atomic=true.",
    )
    .with_errors(faults.into_vec())
}
