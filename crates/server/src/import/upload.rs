//! Sends batches, a few at a time, and sorts the answers.

use std::time::Duration;

use anyhow::{Context, bail};
use moca_client::{Client, ClientError};
use moca_wire::{
    batch::BatchAnswer,
    places::PlaceKey,
    problem::{Fault, Problem},
};
use tokio::{sync::mpsc::Receiver, task::JoinSet};

use super::{
    News, Refusal, Summary, place_row,
    reader::{Batch, Part},
};

/// Requests at a time: one is written while the next is sent and read.
const IN_FLIGHT_MAX: usize = 3;
/// Attempts at a batch that an overloaded server turns away.
const ATTEMPTS_MAX: u32 = 5;
/// The status of an item that was made.
const CREATED: u16 = 201;

type Outcome = Result<(Batch, BatchAnswer<PlaceKey>), ClientError>;

/// Sends everything that is read, and tells what becomes of it.
pub(super) async fn upload(
    client: &Client,
    mut parts: Receiver<Part>,
    tell: &mut impl FnMut(News),
) -> anyhow::Result<Summary> {
    let mut summary = Summary::default();
    let mut in_flight: JoinSet<Outcome> = JoinSet::new();
    while let Some(part) = parts.recv().await {
        match part {
            Part::Refused(refusals) => {
                summary.refused += 1;
                refusals.into_iter().map(News::Refused).for_each(&mut *tell);
            }
            Part::Batch(batch) => {
                if in_flight.len() == IN_FLIGHT_MAX {
                    settle_next(&mut in_flight, &mut summary, tell).await?;
                }
                in_flight.spawn(send(client.clone(), batch));
            }
        }
    }
    while !in_flight.is_empty() {
        settle_next(&mut in_flight, &mut summary, tell).await?;
    }
    Ok(summary)
}

async fn send(client: Client, batch: Batch) -> Outcome {
    let mut attempt = 1;
    loop {
        // Only an answer that says nothing was done is a reason to send a batch again.
        match client.create_places(&batch.places, false).await {
            Err(ClientError::Unavailable { retry_after_s, .. }) if attempt < ATTEMPTS_MAX => {
                attempt += 1;
                tokio::time::sleep(Duration::from_secs(retry_after_s.unwrap_or(1))).await;
            }
            Err(error) => return Err(error),
            Ok(answer) => return Ok((batch, answer)),
        }
    }
}

async fn settle_next(
    in_flight: &mut JoinSet<Outcome>,
    summary: &mut Summary,
    tell: &mut impl FnMut(News),
) -> anyhow::Result<()> {
    let Some(outcome) = in_flight.join_next().await else {
        return Ok(());
    };
    let (batch, answer) = outcome?.context(
        "the import stopped, and rows under way may be in: import the file again, and rows whose \
         externalId is there already will be refused",
    )?;
    if answer.items.len() != batch.places.len() {
        bail!("the server did not answer every row of a batch");
    }
    let mut rows = 0;
    for item in answer.items {
        if item.status == CREATED {
            rows += 1;
            continue;
        }
        summary.refused += 1;
        let Some(line) = batch.lines.get(item.index).copied() else {
            bail!("the server answered a row that was not sent");
        };
        for refusal in refusals(item.problem, line, &batch) {
            tell(News::Refused(refusal));
        }
    }
    summary.imported += rows;
    tell(News::Imported {
        rows,
        bytes: batch.bytes,
    });
    Ok(())
}

fn refusals(problem: Option<Problem>, line: u64, batch: &Batch) -> Vec<Refusal> {
    let whole_row = |reason| {
        vec![Refusal {
            line,
            column: None,
            reason,
        }]
    };
    match problem {
        None => whole_row("the server refused it without a reason".to_owned()),
        Some(problem) if problem.errors.is_empty() => whole_row(problem.detail),
        Some(problem) => {
            let faults: Vec<Fault> = problem.errors.into_iter().map(without_index).collect();
            place_row::refused(&faults, line, &batch.columns)
        }
    }
}

/// A fault whose pointer starts at the item, not at the batch.
fn without_index(mut fault: Fault) -> Fault {
    if let Some(config) = fault.pointer.find("/config") {
        fault.pointer.drain(..config);
    }
    fault
}
