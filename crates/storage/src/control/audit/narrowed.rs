//! Pages of a log that is narrowed: by the counts of its full blocks, but for the events of one object.

use moca_core::{audit::Event, id::AccountId};

use super::{
    super::{
        Page, READING, Tx,
        list::{Conditions, is_nowhere},
        sql::Value,
        table::Columns,
    },
    counts::BLOCK,
    read::{AuditQuery, order},
};
use crate::StorageError;

/// A part of a log in which some events are wanted.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    /// The numbers of its first and last event.
    first: i64,
    last: i64,
    /// How many are wanted.
    wanted: i64,
}

impl Stretch {
    /// Both as one, if the other one is next to this one.
    fn with(self, other: Self) -> Option<Self> {
        let is_next = other.first == self.last + 1 || self.first == other.last + 1;
        is_next.then(|| Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
            wanted: self.wanted + other.wanted,
        })
    }
}

/// What events, or the counts of them, have to be for a query, but for its times.
fn sort_of(account: AccountId, query: &AuditQuery) -> Conditions {
    let mut conditions = Conditions::default();
    conditions.push("account_id = {}", Value::id(account));
    if let Some(action) = query.action {
        conditions.push("action = {}", action.as_str().into());
    }
    if let Some(subject) = query.subject {
        conditions.push("kind = {}", subject.word().into());
    }
    if let Some(member_id) = query.member_id {
        conditions.push("member_id = {}", Value::id(member_id));
    }
    conditions
}

/// What events have to be for a query.
fn conditions_of(account: AccountId, query: &AuditQuery) -> Conditions {
    let mut conditions = sort_of(account, query);
    if let Some(from) = query.from {
        conditions.push("at >= {}", from.into());
    }
    if let Some(to) = query.to {
        conditions.push("at < {}", to.into());
    }
    conditions
}

/// The same between two numbers.
fn between(account: AccountId, query: &AuditQuery, (first, last): (i64, i64)) -> Conditions {
    let mut conditions = conditions_of(account, query);
    conditions.push("sequence >= {}", first.into());
    conditions.push("sequence <= {}", last.into());
    conditions
}

/// The statement that reads, of each full block with events that may be wanted, how many of these there are.
fn counts(account: AccountId, query: &AuditQuery, n_full: i64) -> (String, Vec<Value>) {
    let mut conditions = sort_of(account, query);
    conditions.terms.push("block >= 0".into());
    conditions.push("block < {}", n_full.into());
    if let Some(from) = query.from {
        conditions.push("last_at >= {}", from.into());
    }
    if let Some(to) = query.to {
        conditions.push("first_at < {}", to.into());
    }
    let sql = format!(
        "SELECT block, CAST(sum(events) AS BIGINT), min(first_at), max(last_at) \
         FROM audit_counts{} GROUP BY block ORDER BY block",
        conditions.text()
    );
    (sql, conditions.values)
}

/// What the events of an object, or of the person of whom the log has this hash, have to be.
fn of_object(account: AccountId, query: &AuditQuery, id: &str, hash: String) -> Conditions {
    let mut conditions = conditions_of(account, query);
    let object = conditions.bind(id.into());
    let person = conditions.bind(hash.into());
    let term = format!("object_id IN ({object}, {person})");
    conditions.terms.push(term);
    conditions
}

/// Narrows these to those of the page. The numbers first, from the index; only the rows of the page are read. With the
/// plus SQLite sorts the few events of an object, and does not walk through all others in the order of the numbers to
/// find them.
fn paged(mut conditions: Conditions, query: &AuditQuery) -> Conditions {
    let (wheres, order) = (conditions.text(), order(query.oldest_first));
    let limit = conditions.bind(query.limit.into());
    let offset = conditions.bind(query.offset.into());
    conditions.terms = vec![
        "account_id = $1".into(),
        format!(
            "sequence IN (SELECT sequence FROM audit_events{wheres} \
             ORDER BY +sequence{order} LIMIT {limit} OFFSET {offset})"
        ),
    ];
    conditions
}

impl Tx {
    /// A page of what is not narrowed by an object.
    pub(super) async fn narrowed(
        &mut self,
        account: AccountId,
        query: &AuditQuery,
    ) -> Result<Page<Event>, StorageError> {
        let mut stretches = self.stretches(account, query).await?;
        let total = stretches.iter().map(|stretch| stretch.wanted).sum();
        if !query.oldest_first {
            stretches.reverse();
        }
        let mut left = stretches.into_iter().peekable();
        let mut skip = query.offset;
        let mut items = Vec::new();
        while let Some(mut stretch) = left.next() {
            if stretch.wanted <= skip {
                skip -= stretch.wanted;
                continue;
            }
            let missing = query.limit - items.len() as i64;
            if missing <= 0 {
                break;
            }
            // What follows without a gap is read at once, as far as it is needed.
            while stretch.wanted - skip < missing
                && let Some(both) = left.peek().and_then(|next| stretch.with(*next))
            {
                stretch = both;
                left.next();
            }
            let conditions = between(account, query, (stretch.first, stretch.last));
            let page = Some((missing, skip));
            items.extend(self.events(conditions, query.oldest_first, page).await?);
            skip = 0;
        }
        Ok(Page { total, items })
    }

    /// Where events are wanted, the oldest first.
    async fn stretches(
        &mut self,
        account: AccountId,
        query: &AuditQuery,
    ) -> Result<Vec<Stretch>, StorageError> {
        let newest = self.newest(account).await?;
        let n_full = newest / BLOCK;
        let (sql, values) = counts(account, query, n_full);
        let rows = self.session.scan(sql, values).await;
        let mut stretches = Vec::new();
        for row in rows.map_err(|error| error.doing(READING))? {
            let names = vec!["block", "events", "first_at", "last_at"];
            let mut columns = Columns::named("audit_counts", names, row);
            let first = columns.integer()? * BLOCK + 1;
            let mut stretch = Stretch {
                first,
                last: first + BLOCK - 1,
                wanted: columns.integer()?,
            };
            let (first_at, last_at) = (columns.integer()?, columns.integer()?);
            let is_whole = query.from.is_none_or(|from| first_at >= from)
                && query.to.is_none_or(|to| last_at < to);
            if !is_whole {
                let numbers = (stretch.first, stretch.last);
                stretch.wanted = self.count_between(account, query, numbers).await?;
            }
            stretches.push(stretch);
        }
        // The block that is not full is counted in no table.
        let (first, last) = (n_full * BLOCK + 1, newest);
        if first <= last {
            let wanted = self.count_between(account, query, (first, last)).await?;
            stretches.push(Stretch {
                first,
                last,
                wanted,
            });
        }
        stretches.retain(|stretch| stretch.wanted > 0);
        Ok(stretches)
    }

    async fn count_between(
        &mut self,
        account: AccountId,
        query: &AuditQuery,
        numbers: (i64, i64),
    ) -> Result<i64, StorageError> {
        let conditions = between(account, query, numbers);
        self.count_events(&conditions).await
    }

    /// A page of the events of an object or a person.
    pub(super) async fn of_object(
        &mut self,
        account: AccountId,
        query: &AuditQuery,
        id: &str,
    ) -> Result<Page<Event>, StorageError> {
        if is_nowhere(id) {
            let items = Vec::new();
            return Ok(Page { total: 0, items });
        }
        let conditions = of_object(account, query, id, self.person_hash(account, id)?);
        let total = self.count_events(&conditions).await?;
        let conditions = paged(conditions, query);
        let items = self.events(conditions, query.oldest_first, None).await?;
        Ok(Page { total, items })
    }

    async fn count_events(&mut self, conditions: &Conditions) -> Result<i64, StorageError> {
        let sql = format!("SELECT count(*) FROM audit_events{}", conditions.text());
        let rows = self.session.query(sql, conditions.values.clone()).await;
        let row = rows.map_err(|error| error.doing(READING))?.pop();
        Columns::named("audit_events", vec!["count"], row.unwrap_or_default()).integer()
    }
}

#[cfg(test)]
mod tests {
    use moca_core::{audit::Action, id::Id};

    use super::{
        super::{
            super::plans::{self, schema},
            read::statement,
        },
        *,
    };

    const ACCOUNT: AccountId = AccountId(Id([1; 16]));

    #[test]
    fn pages_are_found_by_numbers_and_those_of_an_object_by_its_index() {
        let plan = |statement| plans::plan(&schema(), statement);
        let query = AuditQuery {
            from: Some(1),
            to: Some(2),
            action: Some(Action::Delete),
            limit: 10,
            ..AuditQuery::default()
        };
        let numbers = "audit_events USING INDEX sqlite_autoindex_audit_events_1 \
                       (account_id=? AND sequence>? AND sequence<?)";
        for oldest_first in [true, false] {
            let conditions = between(ACCOUNT, &query, (1, 256));
            let page = plan(statement(conditions, oldest_first, Some((10, 3))));
            assert_eq!(page, format!("SEARCH {numbers}"));
        }
        let counts = plan(counts(ACCOUNT, &query, 9));
        let key = "audit_counts USING INDEX sqlite_autoindex_audit_counts_1 \
                   (account_id=? AND block>? AND block<?)";
        assert_eq!(counts, format!("SEARCH {key}"));
        let conditions = of_object(ACCOUNT, &query, "id", "hash".into());
        let page = plan(statement(paged(conditions, &query), true, None));
        let object =
            "audit_events USING INDEX audit_events_by_object_id (account_id=? AND object_id=?)";
        assert!(page.contains(object), "{page}");
        assert!(!page.contains("SCAN"), "{page}");
    }
}
