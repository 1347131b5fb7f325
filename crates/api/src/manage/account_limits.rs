//! What an operator sets for an account: how often it may call, and how much it may have.

use moca_core::account::Account;
use moca_storage::control::Tx;
use moca_wire::{account_limits, problem::Code};

use super::accounts::visible;
use crate::{call::Call, failure::Failure, reply::Reply};

/// `GET /v2/accounts/{accountId}/limits`
pub(crate) async fn get(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    answer(&visible(call, tx).await?)
}

/// `PUT /v2/accounts/{accountId}/limits`, for operators.
pub(crate) async fn put(call: &Call, tx: &mut Tx) -> Result<Reply, Failure> {
    let mut account = visible(call, tx).await?;
    if !call.principal.operator {
        return Err(Failure::new(
            Code::RoleTooLow,
            "Only owners of the first account of this server may set the limits of an account.",
        ));
    }
    call.check_match(Some(account.frame.revision))?;
    account.limits = account_limits::read(call.json()?)?;
    account.frame = call.next_frame(&account.frame);
    tx.replace(&account).await?;
    answer(&account)
}

fn answer(account: &Account) -> Result<Reply, Failure> {
    let answer = account_limits::Limits::from(account);
    Reply::object(account.frame.revision, &answer)
}
