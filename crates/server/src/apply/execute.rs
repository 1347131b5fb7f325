//! Makes an account as the files say, a step at a time.

use std::collections::HashMap;

use anyhow::{Context, bail};
use moca_client::{Client, ClientError};
use moca_wire::problem::Code;
use serde_json::Value;

use super::{
    account::{Live, body_of},
    kinds::DESCRIBED,
    plan::{Action, Plan, Step},
    query::{self, QUERY},
};

/// Does all steps, and tells of each that is done. What somebody else changed since the plan was
/// made is not overwritten: the run stops. A run that stopped can be repeated.
pub(crate) async fn execute(
    client: &Client,
    plan: &Plan,
    mut done: impl FnMut(&Step),
) -> anyhow::Result<()> {
    let mut run = Run {
        client,
        ids: HashMap::new(),
    };
    let frees = plan
        .steps
        .iter()
        .any(|step| matches!(step.action, Action::Delete(_)));
    let (mut later, mut count) = (Vec::new(), 0);
    for step in &plan.steps {
        match run.take(step).await {
            Ok(()) => {
                count += 1;
                done(step);
            }
            // What is to be deleted may hold the value, or refer to this one, or the object that this
            // one refers to waits for that.
            Err(error) if frees && may_be_freed(&error) => later.push(step),
            Err(error) => return Err(explain(error, step, count, plan)),
        }
    }
    // One of them may free another.
    while !later.is_empty() {
        let waiting = std::mem::take(&mut later);
        let mut failure = None;
        for step in &waiting {
            match run.take(step).await {
                Ok(()) => {
                    count += 1;
                    done(step);
                }
                Err(error) if may_be_freed(&error) => {
                    later.push(*step);
                    failure.get_or_insert((error, *step));
                }
                Err(error) => return Err(explain(error, step, count, plan)),
            }
        }
        if let Some((error, step)) = failure
            && later.len() == waiting.len()
        {
            return Err(explain(error, step, count, plan));
        }
    }
    Ok(())
}

fn explain(error: anyhow::Error, step: &Step, count: usize, plan: &Plan) -> anyhow::Error {
    error.context(format!(
        "{} ({count} of {} steps are done; the command can be repeated)",
        step.title,
        plan.steps.len()
    ))
}

/// An object of this run that has not been made yet.
#[derive(Debug, thiserror::Error)]
#[error("what it refers to could not be made")]
struct NotMade;

fn may_be_freed(error: &anyhow::Error) -> bool {
    let code = error
        .downcast_ref::<ClientError>()
        .and_then(ClientError::code);
    let waits = [Code::AlreadyExists, Code::InUse].map(|code| Some(code.as_str()));
    waits.contains(&code) || error.is::<NotMade>()
}

struct Run<'a> {
    client: &'a Client,
    /// Of provisional ids, those that the server gave instead.
    ids: HashMap<String, String>,
}

impl Run<'_> {
    async fn take(&mut self, step: &Step) -> anyhow::Result<()> {
        match &step.action {
            Action::Create(wanted) => {
                let kind = &DESCRIBED[wanted.rank];
                let body = self.with_ids(wanted.rank, &wanted.body)?;
                let made = self.client.collection(kind.path).create(&body).await?;
                let id = made.object.get(kind.id).and_then(Value::as_str);
                let id = id.with_context(|| format!("the server gave no {}", kind.id))?;
                self.ids.insert(wanted.id.clone(), id.to_owned());
            }
            Action::Update(wanted, live, _) => {
                let body = self.with_ids(wanted.rank, &wanted.body)?;
                let etag = self.unchanged(live).await?;
                self.client
                    .collection(DESCRIBED[wanted.rank].path)
                    .replace_if(&wanted.id, &body, &etag)
                    .await?;
            }
            Action::Act { rank, id, action } => {
                let id = self.real(id)?;
                let objects = self.client.collection(DESCRIBED[*rank].path);
                objects.act(id, action).await?;
            }
            Action::Delete(live) => {
                let etag = match self.unchanged(live).await {
                    Err(error) if is_gone(&error) => return Ok(()),
                    other => other?,
                };
                self.client
                    .collection(DESCRIBED[live.rank].path)
                    .delete_if(&live.id, false, &etag)
                    .await?;
            }
        }
        Ok(())
    }

    /// The version of an object, which must still be what the plan was made from.
    async fn unchanged(&self, live: &Live) -> anyhow::Result<String> {
        let kind = &DESCRIBED[live.rank];
        let now = self.client.collection(kind.path).get(&live.id).await?;
        if body_of(kind, &now.object) != live.body {
            bail!("somebody changed it since the plan was made");
        }
        Ok(now.etag)
    }

    fn real(&self, id: &str) -> Result<String, NotMade> {
        if let Some(real) = self.ids.get(id) {
            return Ok(real.clone());
        }
        if super::wanted::is_provisional(id) {
            return Err(NotMade);
        }
        Ok(id.to_owned())
    }

    /// A body with the ids that objects of this run have got.
    fn with_ids(&self, rank: usize, body: &Value) -> anyhow::Result<Value> {
        let mut body = body.clone();
        for reference in DESCRIBED[rank].all_references() {
            let pointer = format!("{}/{}", reference.at, reference.id);
            let ids = match body.pointer_mut(&pointer) {
                None => continue,
                Some(Value::Array(ids)) => ids.as_mut_slice(),
                Some(id) => std::slice::from_mut(id),
            };
            for id in ids {
                if let Some(text) = id.as_str() {
                    *id = Value::from(self.real(text)?);
                }
            }
        }
        if let Some(written) = body.pointer_mut(QUERY) {
            let mut missing = None;
            *written = query::map(written, &mut |id| match self.real(id) {
                Ok(real) => Some(real),
                Err(error) => {
                    missing = Some(error);
                    None
                }
            });
            if let Some(error) = missing {
                return Err(error.into());
            }
        }
        Ok(body)
    }
}

fn is_gone(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref::<ClientError>(),
        Some(ClientError::NotFound { .. })
    )
}
