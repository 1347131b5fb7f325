//! Many places, zones or beacons in one request.

use std::collections::BTreeMap;

use moca_core::{beacon::Beacon, id::Id, place::Place, resource::Kind, zone::Zone};
use moca_engine::estate::{Done, Managed, store_many};
use moca_storage::control::Tx;
use moca_wire::{
    batch::{self, BatchAnswer, BatchItem},
    fault::{FaultCode, Faults},
    problem::{Code, Fault},
};

use crate::{call::Call, failure::Failure, reply::Reply};

/// The name of an object's id, and the id.
type Key = BTreeMap<String, Id>;

/// `POST /v2/places/batch`
pub(crate) async fn places(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    store::<Place>(call, tx).await
}

/// `POST /v2/zones/batch`
pub(crate) async fn zones(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    store::<Zone>(call, tx).await
}

/// `POST /v2/beacons/batch`
pub(crate) async fn beacons(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    store::<Beacon>(call, tx).await
}

/// Does or refuses each item on its own, unless `atomic` asks for all or nothing.
async fn store<R: Managed>(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let body = call.json()?;
    let items = batch::read_items(body)?;
    let upsert = call.query().flag("upsert");
    let outcomes = store_many::<R>(tx, call.author(), items, upsert).await?;
    let outcomes = outcomes.into_iter().map(|outcome| Ok(outcome?));
    let outcomes: Vec<Result<Done, Failure>> = outcomes.collect();
    if call.query().flag("atomic") && outcomes.iter().any(Result::is_err) {
        let prefix = if body.is_array() { "" } else { "/items" };
        return Err(all_refused(prefix, outcomes));
    }
    let answer = |(index, outcome)| answer_one(call, R::KIND, index, outcome);
    let items = outcomes.into_iter().enumerate().map(answer).collect();
    Reply::ok(&BatchAnswer { items })
}

fn answer_one(
    call: &Call,
    kind: Kind,
    index: usize,
    outcome: Result<Done, Failure>,
) -> BatchItem<Key> {
    let (status, id, problem) = match outcome {
        Ok(Done::Created(id)) => (201, Some(id), None),
        Ok(Done::Replaced(id) | Done::Unchanged(id)) => (200, Some(id), None),
        Err(failure) => {
            let problem = failure.problem(call.request_id());
            (problem.status, None, Some(problem))
        }
    };
    BatchItem {
        index,
        status,
        id: id.map(|id| Key::from([(format!("{}Id", kind.word()), id)])),
        problem,
    }
}

/// One refusal for the whole batch: the code of the first item refused, the faults of all.
fn all_refused(prefix: &str, outcomes: Vec<Result<Done, Failure>>) -> Failure {
    let mut faults = Faults::new();
    let mut first = None;
    for (index, outcome) in outcomes.into_iter().enumerate() {
        let Err(Failure::Refused {
            code,
            mut errors,
            detail,
            ..
        }) = outcome
        else {
            continue;
        };
        first.get_or_insert(code);
        if code == Code::QuotaExceeded {
            // It is of no field.
            errors.push(Fault::new("", FaultCode::QuotaExceeded, detail));
        }
        for fault in errors {
            faults.push_as(format!("{prefix}/{index}{}", fault.pointer), fault);
        }
    }
    let code = first.unwrap_or(Code::ValidationFailed);
    Failure::new(
        code,
        "Nothing was done: repair the items listed in errors, or repeat without atomic=true.",
    )
    .with_errors(faults.into_vec())
}
