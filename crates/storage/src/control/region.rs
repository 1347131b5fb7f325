//! Lists of places narrowed to a region.
//!
//! The places whose bounds meet the region are found by the intervals of their cells. For a box that
//! is the answer. For what is near a point they are candidates: each geofence is read and measured. Who
//! reads a whole list in the order of creation looks at all places on the way instead, once.

use std::collections::HashMap;

use moca_core::{
    geo::{Bounds, Region, quad},
    id::{AccountId, Id},
    limits::{NEAR_CANDIDATES_MAX, REGION_SORTED_MAX},
};

use super::{
    ListQuery, Page, READING, Stored, Tx,
    changes::{chunk_len, placeholders},
    list::{Conditions, no_such_column, order},
    place_bounds::Located,
    sql::{Row, Value},
    table::{Columns, object_of},
};
use crate::StorageError;

/// Objects read by one statement; geofences may be long.
const READ_MAX: usize = 128;

/// The columns a list can be ordered by.
const ORDERED_BY: &str = "id, created_at, updated_at, name_folded";

impl Tx {
    /// The page of the places for which the conditions hold and that lie in all regions asked for. The
    /// second of the columns is the id.
    pub(super) async fn list_in_regions<R: Stored>(
        &mut self,
        account: AccountId,
        query: &ListQuery,
        mut conditions: Conditions,
        columns: &str,
    ) -> Result<Page<Row>, StorageError> {
        meet_all::<R>(&mut conditions, query)?;
        let near = near_of(query);
        let (total, ids) = if near.is_empty() {
            self.ids_in_boxes::<R>(query, conditions).await?
        } else {
            self.ids_near::<R>(account, query, &near, conditions)
                .await?
        };
        let table = R::TABLE.name;
        let items = self.rows_in_order(table, columns, account, &ids).await?;
        Ok(Page { total, items })
    }

    /// Places that lie in all regions asked for, as [`Tx::scan`] gives them.
    pub(super) async fn scan_regions<R: Stored>(
        &mut self,
        query: &ListQuery,
        mut conditions: Conditions,
        mut after: Option<(i64, Id)>,
        limit: i64,
    ) -> Result<Vec<R>, StorageError> {
        meet_all::<R>(&mut conditions, query)?;
        let near = near_of(query);
        let mut found = Vec::new();
        loop {
            let rows = self.scan_rows::<R>(conditions.clone(), after, limit);
            let rows = rows.await?;
            let is_last = (rows.len() as i64) < limit;
            for row in rows {
                let mut columns = Columns::new(R::TABLE, row.clone());
                let frame = columns.frame()?;
                after = Some((frame.created_at, frame.id));
                if !near.is_empty() {
                    let located: Located = columns.json()?;
                    if !is_near(&near, &located) {
                        continue;
                    }
                }
                found.push(object_of(row)?);
                if found.len() as i64 == limit {
                    return Ok(found);
                }
            }
            if is_last {
                return Ok(found);
            }
        }
    }

    async fn ids_in_boxes<R: Stored>(
        &mut self,
        query: &ListQuery,
        conditions: Conditions,
    ) -> Result<(i64, Vec<Id>), StorageError> {
        let table = R::TABLE.name;
        let in_cells = in_cells(table, "id", query, conditions.clone());
        let sql = format!("SELECT count(*) FROM ({}) AS found", in_cells.0);
        let row = self.rows(sql, in_cells.1).await?.pop();
        let total = Columns::named(table, vec!["count"], row.unwrap_or_default()).integer()?;
        let (from, mut values) = if total > REGION_SORTED_MAX {
            // Among so many the first of the order are found sooner by walking along it.
            let text = conditions.text();
            (format!("{table}{text}"), conditions.values)
        } else {
            let (sql, values) = in_cells_of(table, query, conditions);
            (format!("({sql}) AS found"), values)
        };
        let (limit, offset) = (values.len() + 1, values.len() + 2);
        values.extend([query.limit.into(), query.offset.into()]);
        let order = order(&query.sort);
        let sql = format!(
            "SELECT created_at, id FROM {from} ORDER BY {order} LIMIT ${limit} OFFSET ${offset}"
        );
        Ok((total, ids_of(table, self.rows(sql, values).await?)?))
    }

    async fn ids_near<R: Stored>(
        &mut self,
        account: AccountId,
        query: &ListQuery,
        near: &[&Region],
        conditions: Conditions,
    ) -> Result<(i64, Vec<Id>), StorageError> {
        let table = R::TABLE.name;
        let (sql, mut values) = in_cells_of(table, query, conditions);
        let order = order(&query.sort);
        let limit = values.len() + 1;
        values.push((NEAR_CANDIDATES_MAX + 1).into());
        let sql =
            format!("SELECT created_at, id FROM ({sql}) AS found ORDER BY {order} LIMIT ${limit}");
        let candidates = ids_of(table, self.rows(sql, values).await?)?;
        if candidates.len() as i64 > NEAR_CANDIDATES_MAX {
            return Err(StorageError::RegionTooFull);
        }
        let mut found = Vec::new();
        let mut left = candidates.as_slice();
        while !left.is_empty() {
            let (some, rest) = left.split_at(chunk_len(left.len(), READ_MAX));
            let located = self.geofences(table, account, some).await?;
            let is_near = |id: &Id| located.get(id).is_some_and(|one| is_near(near, one));
            found.extend(some.iter().copied().filter(is_near));
            left = rest;
        }
        let page = found.iter().skip(query.offset as usize);
        let page = page.take(query.limit as usize).copied().collect();
        Ok((found.len() as i64, page))
    }

    async fn geofences(
        &mut self,
        table: &'static str,
        account: AccountId,
        ids: &[Id],
    ) -> Result<HashMap<Id, Located>, StorageError> {
        let rows = self
            .of_ids(table, "account_id, id, config", account, ids)
            .await?;
        let mut located = HashMap::with_capacity(rows.len());
        for row in rows {
            let mut columns = Columns::named(table, vec!["account_id", "id", "config"], row);
            columns.skip();
            located.insert(columns.id()?, columns.json()?);
        }
        Ok(located)
    }

    /// The rows of the objects with these ids, in the same order. The second of the columns is the id.
    async fn rows_in_order(
        &mut self,
        table: &str,
        columns: &str,
        account: AccountId,
        ids: &[Id],
    ) -> Result<Vec<Row>, StorageError> {
        let mut found = HashMap::with_capacity(ids.len());
        let mut left = ids;
        while !left.is_empty() {
            let (some, rest) = left.split_at(chunk_len(left.len(), READ_MAX));
            for row in self.of_ids(table, columns, account, some).await? {
                if let Some(Value::Text(id)) = row.get(1) {
                    found.insert(id.clone(), row);
                }
            }
            left = rest;
        }
        let of_id = |id: &Id| found.remove(&id.to_string());
        Ok(ids.iter().filter_map(of_id).collect())
    }

    async fn of_ids(
        &mut self,
        table: &str,
        columns: &str,
        account: AccountId,
        ids: &[Id],
    ) -> Result<Vec<Row>, StorageError> {
        let sql = format!(
            "SELECT {columns} FROM {table} WHERE account_id = $1 AND id IN ({})",
            placeholders(2, ids.len())
        );
        let mut values = vec![Value::id(account)];
        values.extend(ids.iter().map(|id| Value::id(*id)));
        self.rows(sql, values).await
    }

    async fn rows(&mut self, sql: String, values: Vec<Value>) -> Result<Vec<Row>, StorageError> {
        let rows = self.session.scan(sql, values).await;
        rows.map_err(|error| error.doing(READING))
    }
}

fn ids_of(table: &'static str, rows: Vec<Row>) -> Result<Vec<Id>, StorageError> {
    let id = |row| {
        let mut columns = Columns::named(table, vec!["created_at", "id"], row);
        columns.skip();
        columns.id()
    };
    rows.into_iter().map(id).collect()
}

/// The regions asked for that bounds do not answer.
fn near_of(query: &ListQuery) -> Vec<&Region> {
    let is_near = |region: &&Region| matches!(region, Region::Near(_));
    query.regions.iter().filter(is_near).collect()
}

fn is_near(near: &[&Region], located: &Located) -> bool {
    let geofence = located.geofence.as_ref();
    geofence.is_some_and(|geofence| near.iter().all(|region| region.takes_in(geofence)))
}

/// Adds that the bounds of an object meet those of all regions asked for.
fn meet_all<R: Stored>(conditions: &mut Conditions, query: &ListQuery) -> Result<(), StorageError> {
    if !R::TABLE.columns.contains(&"cell") {
        return Err(no_such_column(R::KIND, "bounds"));
    }
    for region in &query.regions {
        meet(conditions, &region.bounds());
    }
    Ok(())
}

/// Adds that the bounds of an object meet a box.
fn meet(conditions: &mut Conditions, bounds: &Bounds) {
    let north = conditions.bind(bounds.north().into());
    let south = conditions.bind(bounds.south().into());
    let mut longitudes = Vec::new();
    for [west, east] in bounds.longitudes() {
        let (west, east) = (conditions.bind(west.into()), conditions.bind(east.into()));
        longitudes.push(format!(
            "(west <= east AND west <= {east} AND east >= {west}) \
             OR (west > east AND (west <= {east} OR east >= {west}))"
        ));
    }
    let longitudes = longitudes.join(" OR ");
    let term = format!("south <= {north} AND north >= {south} AND ({longitudes})");
    conditions.terms.push(term);
}

/// The objects in the cells of the first region for which the conditions hold, with what they are
/// ordered by.
fn in_cells_of(table: &str, query: &ListQuery, conditions: Conditions) -> (String, Vec<Value>) {
    in_cells(table, ORDERED_BY, query, conditions)
}

/// One statement for each interval of cells: so each is read from the index, whatever the database
/// thinks of their number.
fn in_cells(
    table: &str,
    columns: &str,
    query: &ListQuery,
    mut conditions: Conditions,
) -> (String, Vec<Value>) {
    let smallest = query.regions.iter().map(Region::bounds).map(|bounds| {
        let intervals = quad::intervals(&bounds);
        let cells: i64 = intervals.iter().map(|[first, last]| last - first + 1).sum();
        (cells, intervals)
    });
    let intervals = smallest
        .min_by_key(|(cells, _)| *cells)
        .unwrap_or_default()
        .1;
    let wheres = conditions.text();
    let mut parts = Vec::with_capacity(intervals.len());
    // A number of parts for which there is a statement already, most of the time.
    let padding = intervals.len().next_multiple_of(8) - intervals.len();
    for [first, last] in intervals.into_iter().chain(vec![[1, 0]; padding]) {
        let (first, last) = (conditions.bind(first.into()), conditions.bind(last.into()));
        parts.push(format!(
            "SELECT {columns} FROM {table}{wheres} AND cell BETWEEN {first} AND {last}"
        ));
    }
    (parts.join(" UNION ALL "), conditions.values)
}
