//! Pages of lists.

use std::fmt::Write as _;

use moca_core::{
    account::Account,
    id::{AccountId, Id},
    resource::Kind,
};

use super::{
    Filter, ListQuery, Page, READING, Raw, RawObject, SortField, Stored, Tx, filters,
    objects::folded,
    raw,
    sql::{Row, Value, Work},
    table::{Columns, Mapped, Table, object_of},
};
use crate::StorageError;

/// Rows that are read where they are asked for, in some hundred microseconds, and entries of an index
/// that are passed over before them.
const ROWS_SHORT: i64 = 100;
const PASSED_SHORT: i64 = 2_048;

impl Tx {
    /// A page of the account's objects of one kind.
    pub async fn list<R: Stored>(
        &mut self,
        account: AccountId,
        query: &ListQuery,
    ) -> Result<Page<R>, StorageError> {
        let columns = R::TABLE.read_columns();
        let rows = self.list_rows::<R>(account, query, &columns).await?;
        rows.read(object_of)
    }

    /// The same page with each `config` as it is stored.
    pub async fn list_raw<R: Raw>(
        &mut self,
        account: AccountId,
        query: &ListQuery,
    ) -> Result<Page<RawObject>, StorageError> {
        let columns = raw::columns::<R>();
        let rows = self.list_rows::<R>(account, query, &columns).await?;
        rows.read(raw::object_of::<R>)
    }

    /// The rows of a page. The second of the columns is the id.
    async fn list_rows<R: Stored>(
        &mut self,
        account: AccountId,
        query: &ListQuery,
        columns: &str,
    ) -> Result<Page<Row>, StorageError> {
        let mut conditions = Conditions::default();
        conditions.push("account_id = {}", Value::id(account));
        conditions.narrow(R::KIND, R::TABLE, query)?;
        if !query.regions.is_empty() {
            let page = self.list_in_regions::<R>(account, query, conditions, columns);
            return page.await;
        }
        if conditions.terms.len() > 1 {
            let total = self.count(R::TABLE, &conditions).await?;
            let statement = page_statement(R::TABLE, columns, query, conditions, query.offset);
            return self.page(statement, total, Work::Long).await;
        }
        let total = self.total(account, R::KIND).await?;
        let start = self.start_of(account, R::KIND, query).await?;
        if let Some((created_at, id)) = start.at {
            let created_at = conditions.bind(created_at.into());
            let id = conditions.bind(id.into());
            let sign = if is_descending(&query.sort) {
                "<"
            } else {
                ">="
            };
            let term = format!("(created_at, id) {sign} ({created_at}, {id})");
            conditions.terms.push(term);
        }
        // The index has them one after the other.
        let work = if query.limit <= ROWS_SHORT && start.skip <= PASSED_SHORT {
            Work::Short
        } else {
            Work::Long
        };
        let statement = page_statement(R::TABLE, columns, query, conditions, start.skip);
        self.page(statement, total, work).await
    }

    /// The account's objects that a list would hold, in the order they were made, after the one made
    /// at this time with this id, at most `limit`. The page and the order of the query are not
    /// looked at. However far on, it takes no longer.
    pub async fn scan<R: Stored>(
        &mut self,
        account: AccountId,
        query: &ListQuery,
        after: Option<(i64, Id)>,
        limit: i64,
    ) -> Result<Vec<R>, StorageError> {
        let mut conditions = Conditions::default();
        conditions.push("account_id = {}", Value::id(account));
        conditions.narrow(R::KIND, R::TABLE, query)?;
        if !query.regions.is_empty() {
            return self.scan_regions(query, conditions, after, limit).await;
        }
        let rows = self.scan_rows::<R>(conditions, after, limit).await?;
        rows.into_iter().map(object_of).collect()
    }

    /// The rows for which these conditions hold, as of [`Tx::scan`].
    pub(super) async fn scan_rows<R: Stored>(
        &mut self,
        conditions: Conditions,
        after: Option<(i64, Id)>,
        limit: i64,
    ) -> Result<Vec<Row>, StorageError> {
        let (columns, name) = (R::TABLE.read_columns(), R::TABLE.name);
        let mut wheres = conditions.text();
        let mut values = conditions.values;
        if let Some((created_at, id)) = after {
            let first = values.len() + 1;
            wheres.push_str(&format!(
                " AND (created_at, id) > (${first}, ${})",
                first + 1
            ));
            values.extend([created_at.into(), Value::id(id)]);
        }
        values.push(limit.into());
        let sql = format!(
            "SELECT {columns} FROM {name}{wheres} ORDER BY created_at, id LIMIT ${}",
            values.len()
        );
        let rows = self.session.scan(sql, values).await;
        rows.map_err(|error| error.doing(READING))
    }

    /// All accounts, for operators.
    pub async fn list_accounts(
        &mut self,
        query: &ListQuery,
    ) -> Result<Page<Account>, StorageError> {
        let mut conditions = Conditions::default();
        let table = Account::TABLE;
        conditions.narrow(Kind::Account, table, query)?;
        let total = self.count(table, &conditions).await?;
        let columns = table.read_columns();
        let statement = page_statement(table, &columns, query, conditions, query.offset);
        let rows = self.page(statement, total, Work::Long).await?;
        rows.read(object_of)
    }

    async fn page(
        &mut self,
        (sql, values): (String, Vec<Value>),
        total: i64,
        work: Work,
    ) -> Result<Page<Row>, StorageError> {
        let rows = match work {
            Work::Short => self.session.query(sql, values).await,
            Work::Long => self.session.scan(sql, values).await,
        };
        let items = rows.map_err(|error| error.doing(READING))?;
        Ok(Page { total, items })
    }

    /// The kept number of objects, which counts what this transaction has not written yet too.
    async fn total(&mut self, account: AccountId, kind: Kind) -> Result<i64, StorageError> {
        let own = self.totals.get(&(account, kind)).copied().unwrap_or(0);
        let ledger = self.session.ledger();
        let pending = own + ledger.map_or(0, |ledger| ledger.difference(account, kind));
        let sql = "SELECT total FROM totals WHERE account_id = $1 AND kind = $2";
        let values = vec![Value::id(account), kind.word().into()];
        let rows = self.session.query(sql, values).await;
        match rows.map_err(|error| error.doing(READING))?.pop() {
            Some(row) => Ok(Columns::named("totals", vec!["total"], row).integer()? + pending),
            None => Ok(pending),
        }
    }

    async fn count(
        &mut self,
        table: &'static Table,
        conditions: &Conditions,
    ) -> Result<i64, StorageError> {
        let sql = format!("SELECT count(*) FROM {}{}", table.name, conditions.text());
        let rows = self.session.scan(sql, conditions.values.clone()).await;
        let row = rows.map_err(|error| error.doing(READING))?.pop();
        Columns::named(table.name, vec!["count"], row.unwrap_or_default()).integer()
    }
}

impl Page<Row> {
    /// The page of what is in these rows.
    fn read<T>(
        self,
        read: impl Fn(Row) -> Result<T, StorageError>,
    ) -> Result<Page<T>, StorageError> {
        let items = self.items.into_iter().map(read);
        Ok(Page {
            total: self.total,
            items: items.collect::<Result<_, _>>()?,
        })
    }
}

/// What the objects of a list have in common.
#[derive(Default, Clone)]
pub(super) struct Conditions {
    pub(super) terms: Vec<String>,
    pub(super) values: Vec<Value>,
}

impl Conditions {
    /// The placeholder of a value that stands in a term.
    pub(super) fn bind(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    /// `{}` in the term stands for the value.
    pub(super) fn push(&mut self, term: &str, value: Value) {
        let placeholder = self.bind(value);
        self.terms.push(term.replace("{}", &placeholder));
    }

    fn narrow(&mut self, kind: Kind, table: &Table, query: &ListQuery) -> Result<(), StorageError> {
        let mut texts = query.filters.iter().map(|(_, text)| text).chain(&query.q);
        if texts.any(|text| is_nowhere(text)) {
            self.terms.push("1 = 0".into());
            return Ok(());
        }
        for (filter, text) in &query.filters {
            if *filter == Filter::LabelId && table.labelled {
                let word = kind.word();
                let term = format!(
                    "id IN (SELECT object_id FROM labelled \
                     WHERE account_id = $1 AND label_id = {{}} AND kind = '{word}')"
                );
                self.push(&term, text.as_str().into());
                continue;
            }
            self.narrow_by(kind, table, *filter, text)?;
        }
        if let Some((status, at_ms)) = query.status {
            if kind != Kind::Campaign {
                return Err(no_such_column(kind, "status"));
            }
            let term = filters::has_status(status);
            if term.contains("{}") {
                self.push(term, at_ms.into());
            } else {
                self.terms.push(term.to_owned());
            }
        }
        if let Some(q) = &query.q {
            self.push(
                "name_folded LIKE {} ESCAPE '\\'",
                containing(&folded(q)).into(),
            );
        }
        Ok(())
    }

    fn narrow_by(
        &mut self,
        kind: Kind,
        table: &Table,
        filter: Filter,
        text: &str,
    ) -> Result<(), StorageError> {
        if let Some(column) = table.filter_column(filter) {
            self.push(&format!("{column} = {{}}"), text.into());
        } else if let Some(condition) = filters::condition(kind, filter) {
            self.push(condition, text.into());
        } else if kind == Kind::Beacon && filter == Filter::BeaconType {
            match filters::keys_of_type(text) {
                Some((first, end)) => {
                    self.push("identity >= {}", first.into());
                    self.push("identity < {}", end.into());
                }
                None => self.terms.push("1 = 0".into()),
            }
        } else {
            return Err(no_such_column(kind, &format!("{filter:?}")));
        }
        Ok(())
    }

    pub(super) fn text(&self) -> String {
        if self.terms.is_empty() {
            return String::new();
        }
        format!(" WHERE {}", self.terms.join(" AND "))
    }
}

/// The statement that reads these columns of the objects of a page.
fn page_statement(
    table: &Table,
    columns: &str,
    query: &ListQuery,
    conditions: Conditions,
    skip: i64,
) -> (String, Vec<Value>) {
    let name = table.name;
    let (wheres, mut values) = (conditions.text(), conditions.values);
    let order = order(&query.sort);
    let (limit, offset) = (values.len() + 1, values.len() + 2);
    values.extend([query.limit.into(), skip.into()]);
    let sql = format!(
        "SELECT {columns} FROM {name}{wheres} ORDER BY {order} LIMIT ${limit} OFFSET ${offset}"
    );
    (sql, values)
}

/// PostgreSQL cannot hold this text, and an API over it keeps none with such a character.
pub(super) fn is_nowhere(text: &str) -> bool {
    text.contains('\0')
}

/// A pattern for texts that contain this one, in which `%` and `_` mean themselves.
pub(super) fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// Whether an order by creation begins with the newest.
pub(super) fn is_descending(sort: &[(SortField, bool)]) -> bool {
    sort.first()
        .is_some_and(|(_, is_descending)| *is_descending)
}

/// The order, made total by creation and id. These follow the direction of the last field, so that
/// an index can be read from either end.
pub(super) fn order(sort: &[(SortField, bool)]) -> String {
    let mut text = String::new();
    let mut direction = "";
    for (field, descending) in sort {
        let column = match field {
            SortField::CreatedAt => "created_at",
            SortField::UpdatedAt => "updated_at",
            SortField::Name => "name_folded",
        };
        direction = if *descending { " DESC" } else { "" };
        // Writing to a String cannot fail.
        let _ = write!(text, "{column}{direction}, ");
    }
    let by_creation = sort.iter().any(|(field, _)| *field == SortField::CreatedAt);
    if !by_creation {
        let _ = write!(text, "created_at{direction}, ");
    }
    let _ = write!(text, "id{direction}");
    text
}

/// A caller asked for what the kind does not have: a fault of the program.
pub(super) fn no_such_column(kind: Kind, column: &str) -> StorageError {
    StorageError::Backend {
        doing: READING,
        source: format!("{} has no {column} to search by", kind.noun()).into(),
    }
}

#[cfg(test)]
mod tests;
