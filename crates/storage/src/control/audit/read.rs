//! Reading the log.

use moca_core::{
    audit::{Action, Actor, Event, Subject, sequence_of},
    id::{AccountId, Id, MemberId, TokenId},
};

use super::{
    super::{
        Page, READING, Tx,
        list::{Conditions, is_nowhere},
        sql::{Row, Value},
        table::Columns,
    },
    chain::COLUMNS,
};
use crate::StorageError;

/// Which events to list.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// From this time on, ms since 1970.
    pub from: Option<i64>,
    /// Before this time.
    pub to: Option<i64>,
    /// What was done.
    pub action: Option<Action>,
    /// To what kind of thing.
    pub subject: Option<Subject>,
    /// To the object, instance or user with this id.
    pub object_id: Option<String>,
    /// By this member.
    pub member_id: Option<MemberId>,
    /// Whether the oldest come first.
    pub oldest_first: bool,
    /// Index of the first event.
    pub offset: i64,
    /// Events on the page at most.
    pub limit: i64,
}

impl AuditQuery {
    const fn is_narrowed(&self) -> bool {
        self.from.is_some()
            || self.to.is_some()
            || self.action.is_some()
            || self.subject.is_some()
            || self.object_id.is_some()
            || self.member_id.is_some()
    }
}

impl Tx {
    /// A page of the account's log.
    pub async fn audit_events(
        &mut self,
        account: AccountId,
        query: &AuditQuery,
    ) -> Result<Page<Event>, StorageError> {
        self.require_reading()?;
        if query.is_narrowed() {
            return self.narrowed(account, query).await;
        }
        // The events are numbered without gaps, so a page is a range of numbers.
        let total = self.newest(account).await?;
        let (first, last) = if query.oldest_first {
            (query.offset + 1, query.offset.saturating_add(query.limit))
        } else {
            let last = total - query.offset;
            (last - query.limit + 1, last)
        };
        let mut conditions = Conditions::default();
        conditions.push("account_id = {}", Value::id(account));
        conditions.push("sequence >= {}", first.into());
        conditions.push("sequence <= {}", last.into());
        let items = self.events(conditions, query.oldest_first).await?;
        Ok(Page { total, items })
    }

    /// The event with this id in the account's log.
    pub async fn audit_event(
        &mut self,
        account: AccountId,
        id: Id,
    ) -> Result<Option<Event>, StorageError> {
        self.require_reading()?;
        let mut conditions = Conditions::default();
        conditions.push("account_id = {}", Value::id(account));
        conditions.push("sequence = {}", sequence_of(id).into());
        let found = self.events(conditions, true).await?.pop();
        Ok(found.filter(|event| event.id() == id))
    }

    async fn newest(&mut self, account: AccountId) -> Result<i64, StorageError> {
        let sql = "SELECT sequence, account_id FROM audit_heads WHERE account_id = $1";
        let rows = self.session.query(sql, vec![Value::id(account)]).await;
        match rows.map_err(|error| error.doing(READING))?.pop() {
            Some(row) => {
                Columns::named("audit_heads", vec!["sequence", "account_id"], row).integer()
            }
            None => Ok(0),
        }
    }

    async fn narrowed(
        &mut self,
        account: AccountId,
        query: &AuditQuery,
    ) -> Result<Page<Event>, StorageError> {
        let mut conditions = Conditions::default();
        conditions.push("account_id = {}", Value::id(account));
        if let Some(from) = query.from {
            conditions.push("at >= {}", from.into());
        }
        if let Some(to) = query.to {
            conditions.push("at < {}", to.into());
        }
        if let Some(action) = query.action {
            conditions.push("action = {}", action.as_str().into());
        }
        if let Some(subject) = query.subject {
            conditions.push("kind = {}", subject.word().into());
        }
        if let Some(member_id) = query.member_id {
            conditions.push("member_id = {}", Value::id(member_id));
        }
        if let Some(id) = query.object_id.as_deref() {
            if is_nowhere(id) {
                let items = Vec::new();
                return Ok(Page { total: 0, items });
            }
            // An object, or a person, of whom the log has a hash.
            let object = conditions.bind(id.into());
            let person = conditions.bind(self.person_hash(account, id)?.into());
            let term = format!("object_id IN ({object}, {person})");
            conditions.terms.push(term);
        }
        let wheres = conditions.text();
        let sql = format!("SELECT count(*) FROM audit_events{wheres}");
        let rows = self.session.query(sql, conditions.values.clone()).await;
        let row = rows.map_err(|error| error.doing(READING))?.pop();
        let total =
            Columns::named("audit_events", vec!["count"], row.unwrap_or_default()).integer()?;
        // The numbers first, from an index; only the rows of the page are read.
        let limit = conditions.bind(query.limit.into());
        let offset = conditions.bind(query.offset.into());
        let order = order(query.oldest_first);
        // With the plus SQLite sorts the few events of an object, and does not walk through all
        // others in the order of the numbers to find them.
        let by = match query.object_id {
            Some(_) => "+sequence",
            None => "sequence",
        };
        conditions.terms = vec![
            "account_id = $1".into(),
            format!(
                "sequence IN (SELECT sequence FROM audit_events{wheres} \
                 ORDER BY {by}{order} LIMIT {limit} OFFSET {offset})"
            ),
        ];
        let items = self.events(conditions, query.oldest_first).await?;
        Ok(Page { total, items })
    }

    async fn events(
        &mut self,
        conditions: Conditions,
        oldest_first: bool,
    ) -> Result<Vec<Event>, StorageError> {
        let names = COLUMNS.join(", ");
        let (wheres, order) = (conditions.text(), order(oldest_first));
        let sql =
            format!("SELECT {names}, hash FROM audit_events{wheres} ORDER BY sequence{order}");
        let rows = self.session.query(sql, conditions.values).await;
        let rows = rows.map_err(|error| error.doing(READING))?;
        rows.into_iter().map(event).collect()
    }
}

const fn order(oldest_first: bool) -> &'static str {
    if oldest_first { "" } else { " DESC" }
}

fn event(row: Row) -> Result<Event, StorageError> {
    let mut names = COLUMNS.to_vec();
    names.push("hash");
    let mut columns = Columns::named("audit_events", names, row);
    let account_id = AccountId(columns.id()?);
    let sequence = columns.integer()?;
    let at = columns.integer()?;
    let action = Action::named(&columns.text()?).ok_or_else(|| columns.unreadable())?;
    let subject = Subject::named(&columns.text()?).ok_or_else(|| columns.unreadable())?;
    let object_id = columns.optional_text()?;
    let actor = columns.text()?;
    let (member_id, token_id) = (columns.optional_id()?, columns.optional_id()?);
    let actor = match (actor.as_str(), member_id, token_id) {
        ("system", None, None) => Actor::System,
        ("device", None, None) => Actor::Device,
        ("operator", None, None) => Actor::Operator,
        ("member", Some(member_id), Some(token_id)) => Actor::Member {
            account_id,
            member_id: MemberId(member_id),
            token_id: TokenId(token_id),
        },
        _ => return Err(columns.unreadable()),
    };
    Ok(Event {
        account_id,
        sequence,
        at,
        action,
        subject,
        object_id,
        actor,
        request_id: columns.optional_text()?,
        route: columns.optional_text()?,
        address: columns.optional_text()?,
        parameters: columns.optional_text()?,
        before: columns.optional_text()?,
        after: columns.optional_text()?,
        hash: columns.hash()?,
    })
}
