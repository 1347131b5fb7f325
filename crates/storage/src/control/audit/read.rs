//! Reading the log.

use moca_core::{
    audit::{Action, Actor, Event, Subject, sequence_of},
    id::{AccountId, Id, MemberId, TokenId},
};

use super::{
    super::{
        Page, READING, Tx,
        list::Conditions,
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
        if let Some(id) = &query.object_id {
            return self.of_object(account, query, id).await;
        }
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
        let items = self.events(conditions, query.oldest_first, None).await?;
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
        let found = self.events(conditions, true, None).await?.pop();
        Ok(found.filter(|event| event.id() == id))
    }

    pub(super) async fn newest(&mut self, account: AccountId) -> Result<i64, StorageError> {
        let sql = "SELECT sequence, account_id FROM audit_heads WHERE account_id = $1";
        let rows = self.session.query(sql, vec![Value::id(account)]).await;
        match rows.map_err(|error| error.doing(READING))?.pop() {
            Some(row) => {
                Columns::named("audit_heads", vec!["sequence", "account_id"], row).integer()
            }
            None => Ok(0),
        }
    }

    /// The events for which these hold; with a limit and an offset no more than the one after the other.
    pub(super) async fn events(
        &mut self,
        conditions: Conditions,
        oldest_first: bool,
        page: Option<(i64, i64)>,
    ) -> Result<Vec<Event>, StorageError> {
        let (sql, values) = statement(conditions, oldest_first, page);
        // What is narrowed may have to look at many for those of the page.
        let rows = match page {
            Some(_) => self.session.scan(sql, values).await,
            None => self.session.query(sql, values).await,
        };
        let rows = rows.map_err(|error| error.doing(READING))?;
        rows.into_iter().map(event).collect()
    }
}

/// The statement that reads these events.
pub(super) fn statement(
    mut conditions: Conditions,
    oldest_first: bool,
    page: Option<(i64, i64)>,
) -> (String, Vec<Value>) {
    let names = COLUMNS.join(", ");
    let mut sql = format!(
        "SELECT {names}, hash FROM audit_events{} ORDER BY sequence{}",
        conditions.text(),
        order(oldest_first)
    );
    if let Some((limit, offset)) = page {
        let limit = conditions.bind(limit.into());
        let offset = conditions.bind(offset.into());
        sql.push_str(&format!(" LIMIT {limit} OFFSET {offset}"));
    }
    (sql, conditions.values)
}

pub(super) const fn order(oldest_first: bool) -> &'static str {
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
