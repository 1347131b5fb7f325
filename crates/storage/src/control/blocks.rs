//! Where the pages of long lists begin.
//!
//! A database walks over all that comes before a page. So the list of each kind of an account, in the
//! order of creation, is cut into blocks, of which is kept where they begin and how many objects they
//! have: a page begins in a block, and the walk in that is short. Most objects are added at the end, so
//! what the last block has is counted in the [`Ledger`](super::ledger::Ledger) and written once a group.

use std::collections::BTreeMap;

use moca_core::{
    id::{AccountId, Id},
    resource::Kind,
};

use super::{
    ListQuery, READING, SortField, Tx, WRITING,
    list::is_descending,
    objects::table_of,
    sql::{Session, SqlError, Value},
    table::Columns,
};
use crate::StorageError;

/// Objects of a block when it is cut off. It may grow to twice as many.
const BLOCK: i64 = 1_024;
/// Blocks looked at for a page beyond those that would do if none had shrunk.
const BLOCKS_MORE: i64 = 16;
/// The kinds that there were when the blocks came, of which there may be objects without.
const OLDER: [Kind; 12] = [
    Kind::Member,
    Kind::Token,
    Kind::App,
    Kind::Label,
    Kind::Place,
    Kind::Zone,
    Kind::Beacon,
    Kind::CampaignGroup,
    Kind::Tag,
    Kind::Segment,
    Kind::Campaign,
    Kind::Experience,
];
/// Before every object.
const BEGINNING: (i64, String) = (i64::MIN, String::new());

/// Where an object is in the order of creation.
pub(super) type Position = (i64, String);

/// A part of a list.
#[derive(Debug, Clone)]
pub(super) struct Block {
    begins: Position,
    objects: i64,
}

/// Objects that a transaction added (1) and took away (-1).
pub(super) type Moved = BTreeMap<(AccountId, Kind), Vec<(Position, i64)>>;

/// The last block of lists.
pub(super) type LastBlocks = BTreeMap<(AccountId, Kind), Block>;

/// The position of an object.
pub(super) fn position(created_at: i64, id: Id) -> Position {
    (created_at, id.to_string())
}

impl Block {
    /// Its row.
    pub(super) fn row(&self, account: AccountId, kind: Kind) -> Vec<Value> {
        vec![
            Value::id(account),
            kind.word().into(),
            self.begins.0.into(),
            self.begins.1.as_str().into(),
            self.objects.into(),
        ]
    }

    const fn is_too_long(&self) -> bool {
        self.objects >= 2 * BLOCK
    }
}

/// Where to begin to read a page.
#[derive(Debug, Default)]
pub(super) struct Start {
    /// The first object that may be on it; of a list that descends, the first that may not.
    pub(super) at: Option<Position>,
    /// How many objects from there on are passed over.
    pub(super) skip: i64,
}

impl Tx {
    /// Where the page of a list begins that is narrowed by nothing.
    pub(super) async fn start_of(
        &mut self,
        account: AccountId,
        kind: Kind,
        query: &ListQuery,
    ) -> Result<Start, StorageError> {
        let is_by_creation = matches!(query.sort.as_slice(), [] | [(SortField::CreatedAt, _)]);
        // What a transaction that writes has done is counted when it commits.
        if !is_by_creation || self.writes || query.offset < BLOCK {
            return Ok(Start::from_the_beginning(query.offset));
        }
        // Most blocks are as long as when they were cut off, so that the page is among the first.
        let near = query.offset / BLOCK + BLOCKS_MORE;
        match self.start_within(account, kind, query, near).await? {
            Some(start) if start.skip < 2 * BLOCK => Ok(start),
            _ => {
                let start = self.start_within(account, kind, query, i64::MAX).await?;
                Ok(start.unwrap_or(Start::from_the_beginning(query.offset)))
            }
        }
    }

    /// The same, among so many blocks.
    async fn start_within(
        &mut self,
        account: AccountId,
        kind: Kind,
        query: &ListQuery,
        blocks: i64,
    ) -> Result<Option<Start>, StorageError> {
        let first = |order: &str| {
            format!(
                "SELECT created_at, id, objects, \
                 CAST(SUM(objects) OVER (ORDER BY {order}) AS BIGINT) AS so_far \
                 FROM (SELECT created_at, id, objects FROM blocks \
                 WHERE account_id = $1 AND kind = $2 ORDER BY {order} LIMIT $4) AS first"
            )
        };
        let sql = if is_descending(&query.sort) {
            let counted = first("created_at DESC, id DESC");
            format!(
                "SELECT created_at, id, so_far FROM ({counted}) AS counted WHERE so_far <= $3 \
                 ORDER BY created_at, id LIMIT 1"
            )
        } else {
            let counted = first("created_at, id");
            format!(
                "SELECT created_at, id, so_far - objects FROM ({counted}) AS counted \
                 WHERE so_far - objects <= $3 ORDER BY created_at DESC, id DESC LIMIT 1"
            )
        };
        let values = vec![
            Value::id(account),
            kind.word().into(),
            query.offset.into(),
            blocks.into(),
        ];
        let rows = self.session.query(sql, values).await;
        let row = rows.map_err(|error| error.doing(READING))?.pop();
        let passed = row.map(block_of).transpose()?;
        Ok(passed.map(|passed| Start {
            at: Some(passed.begins),
            skip: query.offset - passed.objects,
        }))
    }

    /// Counts what was added and taken away, and cuts the blocks that grew too long. Gives the last
    /// block of each list, which the ledger keeps.
    pub(super) async fn count_in_blocks(&mut self) -> Result<LastBlocks, StorageError> {
        let mut lasts = LastBlocks::new();
        for ((account, kind), moved) in std::mem::take(&mut self.moved) {
            let ledger = self.session.ledger();
            let known = ledger.and_then(|ledger| ledger.last_block(account, kind));
            let mut last = match known.cloned() {
                Some(known) => known,
                None => self.last_block(account, kind).await?,
            };
            // They are cut only when all is counted: what is cut has what is not counted yet, too.
            let mut earlier = BTreeMap::new();
            for (position, difference) in moved {
                if position >= last.begins {
                    last.objects += difference;
                } else {
                    let counted = self
                        .count_earlier(account, kind, position, difference)
                        .await?;
                    earlier.extend(counted.map(|block| (block.begins.clone(), block)));
                }
            }
            for block in earlier.into_values() {
                self.tidy_earlier(account, kind, block).await?;
            }
            while last.is_too_long() {
                last = self.cut(account, kind, last).await?;
            }
            lasts.insert((account, kind), last);
        }
        Ok(lasts)
    }

    async fn last_block(&mut self, account: AccountId, kind: Kind) -> Result<Block, StorageError> {
        let sql = "SELECT created_at, id, objects FROM blocks WHERE account_id = $1 AND kind = $2 \
                   ORDER BY created_at DESC, id DESC LIMIT 1";
        let values = vec![Value::id(account), kind.word().into()];
        let rows = self.session.query(sql, values).await;
        match rows.map_err(|error| error.doing(READING))?.pop() {
            Some(row) => block_of(row),
            None => Ok(Block {
                begins: BEGINNING,
                objects: 0,
            }),
        }
    }

    /// Counts what is not in the last block; gives the block that it is in.
    async fn count_earlier(
        &mut self,
        account: AccountId,
        kind: Kind,
        position: Position,
        difference: i64,
    ) -> Result<Option<Block>, StorageError> {
        let sql = "UPDATE blocks SET objects = objects + $5 \
                   WHERE account_id = $1 AND kind = $2 AND (created_at, id) IN \
                   (SELECT created_at, id FROM blocks WHERE account_id = $1 AND kind = $2 \
                    AND (created_at, id) <= ($3, $4) ORDER BY created_at DESC, id DESC LIMIT 1) \
                   RETURNING created_at, id, objects";
        let values = vec![
            Value::id(account),
            kind.word().into(),
            position.0.into(),
            position.1.into(),
            difference.into(),
        ];
        let rows = self.session.query(sql, values).await;
        let row = rows.map_err(|error| error.doing(WRITING))?.pop();
        row.map(block_of).transpose()
    }

    /// Cuts a block that has grown too long, or forgets one that is empty.
    async fn tidy_earlier(
        &mut self,
        account: AccountId,
        kind: Kind,
        mut block: Block,
    ) -> Result<(), StorageError> {
        if block.objects == 0 && block.begins != BEGINNING {
            // The one before it reaches as far then.
            return self.forget_block(account, kind, block.begins).await;
        }
        while block.is_too_long() {
            block = self.cut(account, kind, block).await?;
        }
        Ok(())
    }

    async fn forget_block(
        &mut self,
        account: AccountId,
        kind: Kind,
        begins: Position,
    ) -> Result<(), StorageError> {
        let sql = "DELETE FROM blocks \
                   WHERE account_id = $1 AND kind = $2 AND created_at = $3 AND id = $4";
        let values = vec![
            Value::id(account),
            kind.word().into(),
            begins.0.into(),
            begins.1.into(),
        ];
        let done = self.session.execute(sql, values).await;
        done.map_err(|error| error.doing(WRITING)).map(|_| ())
    }

    /// Cuts a block in two; gives the second part.
    async fn cut(
        &mut self,
        account: AccountId,
        kind: Kind,
        block: Block,
    ) -> Result<Block, StorageError> {
        let sql = format!(
            "SELECT created_at, id FROM {} WHERE account_id = $1 AND (created_at, id) >= ($2, $3) \
             ORDER BY created_at, id LIMIT 1 OFFSET $4",
            table_of(kind).name
        );
        let values = vec![
            Value::id(account),
            block.begins.0.into(),
            block.begins.1.as_str().into(),
            BLOCK.into(),
        ];
        let rows = self.session.query(sql, values).await;
        let Some(row) = rows.map_err(|error| error.doing(READING))?.pop() else {
            return Err(StorageError::Inconsistent {
                table: "blocks",
                column: "objects",
                id: block.begins.1,
            });
        };
        let mut columns = Columns::named("blocks", vec!["created_at", "id"], row);
        let second = Block {
            begins: (columns.integer()?, columns.text()?),
            objects: block.objects - BLOCK,
        };
        let first = Block {
            objects: BLOCK,
            ..block
        };
        let mut values = first.row(account, kind);
        values.extend(second.row(account, kind));
        let sql = "INSERT INTO blocks (account_id, kind, created_at, id, objects) \
                   VALUES ($1, $2, $3, $4, $5), ($6, $7, $8, $9, $10) \
                   ON CONFLICT (account_id, kind, created_at, id) \
                   DO UPDATE SET objects = excluded.objects";
        let done = self.session.execute(sql, values).await;
        done.map_err(|error| error.doing(WRITING))?;
        Ok(second)
    }
}

impl Start {
    const fn from_the_beginning(offset: i64) -> Self {
        Self {
            at: None,
            skip: offset,
        }
    }
}

/// The block in a row with where it begins and a number.
fn block_of(row: Vec<Value>) -> Result<Block, StorageError> {
    let mut columns = Columns::named("blocks", vec!["created_at", "id", "objects"], row);
    Ok(Block {
        begins: (columns.integer()?, columns.text()?),
        objects: columns.integer()?,
    })
}

/// Cuts the lists of objects that are older than the blocks.
pub(super) async fn fill(session: &mut Session) -> Result<(), StorageError> {
    let failed = |error: SqlError| error.doing("counting the objects of long lists");
    for kind in OLDER {
        let sql = format!(
            "SELECT account_id, id, created_at FROM {} \
             WHERE (account_id, created_at, id) > ($1, $2, $3) \
             ORDER BY account_id, created_at, id LIMIT $4",
            table_of(kind).name
        );
        let mut after = (String::new(), BEGINNING);
        // A block is written when the next one begins.
        let mut open: Option<(String, Block)> = None;
        loop {
            let values = vec![
                after.0.as_str().into(),
                after.1.0.into(),
                after.1.1.as_str().into(),
                BLOCK.into(),
            ];
            let rows = session.query(sql.as_str(), values).await.map_err(failed)?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let names = vec!["account_id", "id", "created_at"];
                let mut columns = Columns::named(table_of(kind).name, names, row);
                let account = columns.text()?;
                let id = columns.text()?;
                let position = (columns.integer()?, id);
                after = (account.clone(), position.clone());
                let begins = match &mut open {
                    Some((its, block)) if *its == account && block.objects < BLOCK => {
                        block.objects += 1;
                        continue;
                    }
                    Some((its, _)) if *its == account => position,
                    _ => BEGINNING,
                };
                let next = Block { begins, objects: 1 };
                if let Some((account, block)) = open.replace((account, next)) {
                    write(session, account, kind, &block)
                        .await
                        .map_err(failed)?;
                }
            }
        }
        if let Some((account, block)) = open {
            write(session, account, kind, &block)
                .await
                .map_err(failed)?;
        }
    }
    Ok(())
}

async fn write(
    session: &mut Session,
    account: String,
    kind: Kind,
    block: &Block,
) -> Result<(), SqlError> {
    let sql = "INSERT INTO blocks (account_id, kind, created_at, id, objects) \
               VALUES ($1, $2, $3, $4, $5)";
    let values = vec![
        account.into(),
        kind.word().into(),
        block.begins.0.into(),
        block.begins.1.as_str().into(),
        block.objects.into(),
    ];
    session.execute(sql, values).await.map(|_| ())
}
