//! Tokens in the control store.

use moca_core::{
    account::{Token, TokenConfig},
    id::{AccountId, Id, MemberId, TokenId},
    resource::{Frame, Kind},
};

use super::{
    Filter, Tx, WRITING,
    audit::{self, Change, Shown},
    sql::{Row, Value},
    table::{Columns, Mapped, Stored, Table, Unique},
};
use crate::StorageError;

/// Expired tokens deleted with each new one: more than are added, so their number stays bounded.
const FORGOTTEN_AT_ONCE: i64 = 16;

impl Stored for Token {
    const KIND: Kind = Kind::Token;
}

impl Mapped for Token {
    type Config = TokenConfig;

    const TABLE: &'static Table = &Table {
        name: "tokens",
        columns: &[
            "member_id",
            "secret_hash",
            "parent_id",
            "expires_at",
            "last_used_at",
        ],
        n_read: 5,
        unique: &[Unique {
            columns: &["secret_hash"],
            field: "secret",
        }],
        filters: &[(Filter::MemberId, "member_id")],
        labelled: false,
    };

    const SHOWN: &'static [(&'static str, &'static str, Shown)] = &[
        ("member_id", "memberId", Shown::Text),
        ("parent_id", "parentId", Shown::Text),
    ];

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn name(&self) -> &str {
        &self.config.name
    }

    fn config(&self) -> &TokenConfig {
        &self.config
    }

    fn values(&self) -> Result<Vec<Value>, StorageError> {
        Ok(vec![
            Value::id(self.member_id),
            Value::from(self.secret_hash.as_slice()),
            Value::optional_id(self.parent_id),
            self.config.expires_at.map_or(Value::Null, Value::Integer),
            self.last_used_at.map_or(Value::Null, Value::Integer),
        ])
    }

    fn read(
        frame: Frame,
        config: TokenConfig,
        columns: &mut Columns,
    ) -> Result<Self, StorageError> {
        let member_id = MemberId(columns.id()?);
        let secret_hash = columns.hash()?;
        let parent_id = columns.optional_id()?.map(TokenId);
        // A copy of what is in the configuration, to search by.
        columns.skip();
        Ok(Self {
            frame,
            member_id,
            secret_hash,
            parent_id,
            last_used_at: columns.optional_integer()?,
            config,
        })
    }
}

impl Tx {
    /// The token with this secret hash, whatever its account. One that was exchanged for a token
    /// that is gone is gone too. Whether it has expired is for the caller to see.
    pub async fn token_by_hash(
        &mut self,
        secret_hash: &[u8; 32],
    ) -> Result<Option<Token>, StorageError> {
        let condition = "secret_hash = $1 AND (parent_id IS NULL OR EXISTS \
                         (SELECT 1 FROM tokens parents WHERE parents.account_id = tokens.account_id \
                          AND parents.id = tokens.parent_id))";
        self.find(condition, vec![Value::from(secret_hash.as_slice())])
            .await
    }

    /// Notes when tokens were used, unless a later time is noted. That is no change of theirs: it has
    /// no revision and stands neither in the change feed nor in the audit log.
    pub async fn set_tokens_used(
        &mut self,
        used: &[(AccountId, TokenId, i64)],
    ) -> Result<(), StorageError> {
        for (account, token, at) in used {
            let sql = "UPDATE tokens SET last_used_at = $3 WHERE account_id = $1 AND id = $2 \
                       AND (last_used_at IS NULL OR last_used_at < $3)";
            let values = vec![Value::id(*account), Value::id(*token), (*at).into()];
            let done = self.session.execute(sql, values).await;
            done.map_err(|error| error.doing(WRITING))?;
        }
        Ok(())
    }

    /// Deletes the tokens that were exchanged for this one, and those exchanged for these.
    pub(super) async fn delete_exchanged_tokens(
        &mut self,
        account: AccountId,
        id: Id,
    ) -> Result<(), StorageError> {
        let mut parents = vec![id];
        while let Some(parent) = parents.pop() {
            let columns = Token::TABLE.read_columns();
            let sql = format!(
                "DELETE FROM tokens WHERE account_id = $1 AND parent_id = $2 RETURNING {columns}"
            );
            let values = vec![Value::id(account), Value::id(parent)];
            let rows = self.session.query(sql, values).await;
            for row in rows.map_err(|error| error.doing(WRITING))? {
                parents.push(self.note_deleted_token(&row, Change::Deleted)?);
            }
        }
        Ok(())
    }

    /// Deletes some exchanged tokens that have expired: nobody else would.
    pub(super) async fn forget_expired_tokens(
        &mut self,
        account: AccountId,
        now_ms: i64,
    ) -> Result<(), StorageError> {
        let columns = Token::TABLE.read_columns();
        let sql = format!(
            "DELETE FROM tokens WHERE account_id = $1 AND id IN \
             (SELECT id FROM tokens WHERE account_id = $1 AND parent_id IS NOT NULL \
             AND expires_at <= $2 ORDER BY expires_at LIMIT $3) RETURNING {columns}"
        );
        let values = vec![Value::id(account), now_ms.into(), FORGOTTEN_AT_ONCE.into()];
        let rows = self.session.query(sql, values).await;
        for row in rows.map_err(|error| error.doing(WRITING))? {
            let id = self.note_deleted_token(&row, Change::Expired)?;
            self.delete_exchanged_tokens(account, id).await?;
        }
        Ok(())
    }

    fn note_deleted_token(
        &mut self,
        row: &Row,
        change: fn(String) -> Change,
    ) -> Result<Id, StorageError> {
        let frame = Columns::new(Token::TABLE, row.clone()).frame()?;
        self.note(&frame, Kind::Token, change(audit::of_row::<Token>(row)));
        Ok(frame.id)
    }
}
