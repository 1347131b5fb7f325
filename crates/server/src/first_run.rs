//! The first start on an empty store: an account, its owner, and a token to begin with.

use std::path::{Path, PathBuf};

use anyhow::Context;
use moca_api::secret;
use moca_core::{
    account::{
        Account, AccountConfig, AccountLimits, Member, MemberConfig, Role, Token, TokenConfig,
    },
    audit::Origin,
    clock::{Clock, Random, new_id},
    id::{AccountId, MemberId},
    privacy::Privacy,
    resource::Frame,
};
use moca_storage::control::{Control, ListQuery, Tx};

use crate::private_file;

/// What the first start made.
#[derive(Debug, Clone)]
pub struct FirstToken {
    /// The secret of the owner's token.
    pub secret: String,
    /// The file it was left in.
    pub path: PathBuf,
}

/// Whether nothing was ever made in this store.
pub(crate) async fn is_fresh(control: &Control) -> anyhow::Result<bool> {
    let mut tx = control.read().await?;
    has_no_account(&mut tx).await
}

async fn has_no_account(tx: &mut Tx) -> anyhow::Result<bool> {
    let one = ListQuery {
        offset: 0,
        limit: 1,
        sort: Vec::new(),
        filters: Vec::new(),
        q: None,
        regions: vec![],
        status: None,
    };
    Ok(tx.list_accounts(&one).await?.total == 0)
}

/// Makes account, owner and token if there is no account yet.
pub(crate) async fn make(
    control: &Control,
    data_dir: &Path,
    clock: &dyn Clock,
    random: &dyn Random,
) -> anyhow::Result<Option<FirstToken>> {
    let mut tx = control.write().await?;
    if !has_no_account(&mut tx).await? {
        return Ok(None);
    }
    let now_ms = clock.now_ms();
    let account_id = AccountId(new_id(now_ms, random));
    let frame = |id| Frame {
        account_id,
        id,
        created_at: now_ms,
        updated_at: now_ms,
        revision: 1,
    };
    let account = Account {
        frame: frame(account_id.0),
        operator: true,
        config: AccountConfig {
            name: "My account".to_owned(),
            time_zone: "UTC".to_owned(),
            cors_origins: Vec::new(),
            privacy: Privacy::default(),
        },
        limits: AccountLimits::default(),
    };
    let member = Member {
        frame: frame(new_id(now_ms, random)),
        config: MemberConfig {
            name: "Owner".to_owned(),
            email: None,
            role: Role::Owner,
        },
    };
    let secret = secret::new_token(random);
    let token = Token {
        frame: frame(new_id(now_ms, random)),
        member_id: MemberId(member.frame.id),
        secret_hash: secret::hash(&secret),
        parent_id: None,
        last_used_at: None,
        config: TokenConfig {
            name: "First token".to_owned(),
            expires_at: None,
            role: None,
            scopes: None,
        },
    };
    tx.act_as(Origin::system(now_ms));
    tx.insert(&account).await?;
    tx.insert(&member).await?;
    tx.insert(&token).await?;
    // The file comes before the commit: a crash in between leaves a useless file, which the next
    // start overwrites. The other way round it would leave an account that nobody can reach.
    let path = data_dir.join("first-token");
    private_file::write(&path, format!("{secret}\n").as_bytes())
        .with_context(|| format!("{} cannot be written", path.display()))?;
    tx.commit().await?;
    Ok(Some(FirstToken { secret, path }))
}
