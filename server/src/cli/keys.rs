//! `keys`: which S sign for this server, changed by the root key, which is read from its file and kept
//! nowhere. What a command changes it changes in one transaction; the file of a new key is on disk
//! before that, so that a command that was cut off can be given again.

use super::Said;
use crate::config::Config;
use crate::error::Fault;
use crate::keyring::{
    self, key_files, make_key, read_all, read_key, remove_files, root_after, unreadable,
};
use crate::signer::{StartError, write_secret};
use crate::store::{Connection, Store, Write, asks, audit, challenges, invitations, logins};
use clap::Subcommand;
use countersign_protocol::crypto::{PublicKey, SigningKey};
use countersign_protocol::encoding::encode;
use countersign_protocol::jose::Signed;
use countersign_protocol::statement::{Challenge, Keys, Offer};
use countersign_protocol::{Digest, Thumbprint};
use serde_json::json;
use std::path::{Path, PathBuf};

/// How long a keys statement is good, seconds: 400 days.
pub(super) const KEYS_LIFE: u64 = 400 * 86_400;

/// From when on it is said that it will soon be over, seconds: 60 days.
const WARN: u64 = 60 * 86_400;

const DAY: u64 = 86_400;

#[derive(Subcommand)]
pub(super) enum KeysCommand {
    /// Show them.
    List,
    /// Make a new key, which signs from now on. Up to two older ones stay good.
    Rotate {
        #[command(flatten)]
        root: RootFile,
        /// The others are good no longer: phones refuse what they signed.
        #[arg(long)]
        only_new: bool,
    },
    /// Take back a key that was stolen or lost. What it signed and is still open is void.
    Withdraw {
        /// Its thumbprint, as `keys list` shows it.
        #[arg(allow_hyphen_values = true)]
        key: String,
        #[command(flatten)]
        root: RootFile,
        /// Make a new key in the same step.
        #[arg(long)]
        replace: bool,
    },
    /// Sign the same keys again, with the addresses of the settings, for 400 days more.
    Renew {
        #[command(flatten)]
        root: RootFile,
    },
    /// Replace the root key.
    Root {
        #[command(flatten)]
        root: RootFile,
        /// Where the new root key is put; or where it is, when the command was cut off.
        #[arg(long, value_name = "FILE")]
        new_root_key: PathBuf,
    },
}

#[derive(clap::Args)]
pub(super) struct RootFile {
    /// The file of the root key, for example on a medium that was brought for this.
    #[arg(long, value_name = "FILE")]
    root_key: PathBuf,
}

pub(super) async fn keys(
    config: &Config,
    store: &Store,
    now: u64,
    command: KeysCommand,
) -> Result<Said, StartError> {
    let desk = Desk { config, now };
    match command {
        KeysCommand::List => desk.list(&mut *store.read().await?).await,
        KeysCommand::Rotate { root, only_new } => {
            desk.rotate(store.write().await?, &root, only_new).await
        }
        KeysCommand::Withdraw { key, root, replace } => {
            let key = Digest::parse(&key).map(Thumbprint);
            let key = key.ok_or_else(|| said("no thumbprint of a key; see `keys list`"))?;
            desk.withdraw(store.write().await?, &root, key, replace)
                .await
        }
        KeysCommand::Renew { root } => desk.renew(store.write().await?, &root).await,
        KeysCommand::Root { root, new_root_key } => {
            desk.change_root(store.write().await?, &root, &new_root_key)
                .await
        }
    }
}

/// Says that the keys will soon be over, when they will.
pub(crate) fn warning(exp: u64, now: u64) -> Option<String> {
    let days = exp.saturating_sub(now) / DAY;
    match exp {
        _ if exp <= now => Some("The keys statement is over: `keys renew` now.".into()),
        _ if exp - now <= WARN => Some(format!(
            "The keys statement is over in {days} days: `keys renew`."
        )),
        _ => None,
    }
}

fn said(text: &str) -> StartError {
    StartError::Said(text.to_owned())
}

/// All statements, the newest apart.
struct Shelf {
    all: Vec<Signed<Keys>>,
}

impl Shelf {
    async fn open(db: &mut Connection) -> Result<Self, StartError> {
        let all = read_all(db).await?;
        if all.is_empty() {
            return Err(said("the database has no keys; run init"));
        }
        Ok(Self { all })
    }

    fn newest(&self) -> &Signed<Keys> {
        // There is one, see `open`.
        &self.all[self.all.len() - 1]
    }

    /// The roots that were, in their order: what was signed under them is checked by their thumbprints.
    fn earlier_roots(&self) -> Vec<Thumbprint> {
        let now = root_after(self.newest());
        let roots = self.all.iter().map(|keys| keys.root.thumbprint());
        let mut earlier: Vec<_> = roots.filter(|root| *root != now).collect();
        earlier.dedup();
        earlier
    }
}

struct Desk<'a> {
    config: &'a Config,
    now: u64,
}

impl Desk<'_> {
    async fn list(&self, db: &mut Connection) -> Result<Said, StartError> {
        let shelf = Shelf::open(db).await?;
        let newest = shelf.newest();
        let files = key_files(self.config)?;
        let here = |key: &PublicKey| files.iter().any(|(_, file)| file.public() == key);
        let signs = newest.sign.iter().position(here);
        let mut text = format!("n {}, root {}\n", newest.n, root_after(newest));
        let earlier = shelf.earlier_roots();
        for root in &earlier {
            text.push_str(&format!("root before it {root}\n"));
        }
        let mut rows = Vec::new();
        for (at, key) in newest.sign.iter().enumerate() {
            let (id, signs) = (key.thumbprint(), signs == Some(at));
            let what = match (signs, here(key)) {
                (true, _) => "signs",
                (false, true) => "good",
                (false, false) => "good, its file is not here",
            };
            text.push_str(&format!("{id}  {what}\n"));
            rows.push(json!({ "key": id, "signs": signs, "file": here(key) }));
        }
        let addresses: Vec<&str> = newest
            .origins
            .iter()
            .map(|origin| origin.as_str())
            .collect();
        text.push_str(&format!("addresses {}\n", addresses.join(" ")));
        let days = newest.exp.saturating_sub(self.now) / DAY;
        text.push_str(&format!("good for {days} days\n"));
        for path in unreadable(self.config)? {
            let path = path.display();
            text.push_str(&format!("{path} is no key file that can be read\n"));
        }
        let warning = warning(newest.exp, self.now);
        text.extend(warning.as_deref());
        let json = json!({
            "n": newest.n, "root": root_after(newest), "earlier_roots": earlier, "sign": rows, "origins": addresses,
            "exp": newest.exp, "days": days, "warning": warning,
        });
        Ok(Said::new(text, json))
    }

    async fn rotate(
        &self,
        mut tx: Write,
        root: &RootFile,
        only_new: bool,
    ) -> Result<Said, StartError> {
        let shelf = Shelf::open(&mut tx).await?;
        let root = self.root(root, &shelf)?;
        let new = *make_key(self.config)?.public();
        let mut sign = vec![new];
        if !only_new {
            sign.extend(shelf.newest().sign.iter().take(2));
        }
        let keys = self.next(&shelf, &root, sign)?;
        self.finish(tx, &[&keys], "rotated").await?;
        Ok(changed(
            &keys,
            &format!("{} signs from now on.", new.thumbprint()),
        ))
    }

    async fn withdraw(
        &self,
        mut tx: Write,
        root: &RootFile,
        key: Thumbprint,
        replace: bool,
    ) -> Result<Said, StartError> {
        let shelf = Shelf::open(&mut tx).await?;
        let root = self.root(root, &shelf)?;
        let named = &shelf.newest().sign;
        let mut sign: Vec<PublicKey> = named.clone();
        sign.retain(|one| one.thumbprint() != key);
        if sign.len() == named.len() {
            return Err(said(
                "the newest statement doesn't name this key; see `keys list`",
            ));
        }
        if replace {
            sign.insert(0, *make_key(self.config)?.public());
        }
        if sign.is_empty() {
            return Err(said(
                "this is the last key: add --replace, which makes a new one in the same step",
            ));
        }
        if !replace {
            self.check_one_is_here(&sign)?;
        }
        let keys = self.next(&shelf, &root, sign)?;
        let void = self.make_void(&mut tx, key).await?;
        self.finish(tx, &[&keys], "withdrawn").await?;
        let mut said =
            format!("{key} is withdrawn; {void} open requests and offers that it signed are void.");
        // It is done, whatever becomes of the file.
        said.push_str(&by_hand(self.config, key));
        Ok(changed(&keys, &said))
    }

    async fn renew(&self, mut tx: Write, root: &RootFile) -> Result<Said, StartError> {
        let shelf = Shelf::open(&mut tx).await?;
        let root = self.root(root, &shelf)?;
        let keys = self.next(&shelf, &root, shelf.newest().sign.clone())?;
        self.finish(tx, &[&keys], "renewed").await?;
        Ok(changed(&keys, "The same keys, signed again."))
    }

    async fn change_root(
        &self,
        mut tx: Write,
        old: &RootFile,
        path: &Path,
    ) -> Result<Said, StartError> {
        let shelf = Shelf::open(&mut tx).await?;
        let old = self.root(old, &shelf)?;
        let new = new_root(path)?;
        let known = |keys: &Signed<Keys>| keys.root == *new.public();
        if shelf.all.iter().any(known) {
            return Err(said("--new-root-key is a root key of this server already"));
        }
        let sign = shelf.newest().sign.clone();
        let mut last = self.draft(shelf.newest(), &old, sign.clone());
        last.root_next = Some(*new.public());
        let last = Signed::sign(last, &old).map_err(Fault::from)?;
        let first = Signed::sign(self.draft(&last, &new, sign), &new).map_err(Fault::from)?;
        self.finish(tx, &[&last, &first], "root").await?;
        let text = format!(
            "The root is {} from now on. Keep {} away from this machine, and destroy the old one.",
            new.public().thumbprint(),
            path.display()
        );
        Ok(changed(&first, &text))
    }

    /// Reads the root key; it must be the one that phones have pinned.
    fn root(&self, file: &RootFile, shelf: &Shelf) -> Result<SigningKey, StartError> {
        let key = read_key(&file.root_key)?;
        if key.public().thumbprint() != root_after(shelf.newest()) {
            return Err(said("--root-key is not the root key of this server"));
        }
        if shelf.newest().iss != self.config.file.origin {
            return Err(said(
                "origin is not the one that the root signed for: phones know the server by that",
            ));
        }
        Ok(key)
    }

    fn check_one_is_here(&self, sign: &[PublicKey]) -> Result<(), StartError> {
        let files = key_files(self.config)?;
        if files.iter().any(|(_, key)| sign.contains(key.public())) {
            Ok(())
        } else {
            Err(said(
                "no file of the keys that would be left is here: add --replace",
            ))
        }
    }

    fn next(
        &self,
        shelf: &Shelf,
        root: &SigningKey,
        sign: Vec<PublicKey>,
    ) -> Result<Signed<Keys>, StartError> {
        let keys = self.draft(shelf.newest(), root, sign);
        Ok(Signed::sign(keys, root).map_err(Fault::from)?)
    }

    fn draft(&self, before: &Keys, root: &SigningKey, sign: Vec<PublicKey>) -> Keys {
        Keys {
            iss: before.iss.clone(),
            n: before.n + 1,
            iat: self.now,
            exp: self.now + KEYS_LIFE,
            root: *root.public(),
            sign,
            origins: self.config.origins().cloned().collect(),
            root_next: None,
        }
    }

    /// Stores statements, all or none.
    async fn finish(
        &self,
        mut tx: Write,
        statements: &[&Signed<Keys>],
        what: &str,
    ) -> Result<(), StartError> {
        for keys in statements {
            keyring::store(&mut tx, keys).await?;
            let subject = format!("n {}", keys.n);
            audit::append(&mut tx, self.now, "keys", &subject, what).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Ends what a key signed and phones could still answer; how much it was.
    async fn make_void(&self, db: &mut Connection, key: Thumbprint) -> Result<usize, StartError> {
        let mut void = 0;
        for (txn, statement) in challenges::open(db).await? {
            if Signed::<Challenge>::named_key(&statement).map_err(Fault::from)? == key {
                challenges::end_txn(db, &txn, "cancelled").await?;
                logins::end_txn(db, &txn, "late", self.now).await?;
                asks::step(db, &txn, "waiting", "late").await?;
                void += 1;
            }
        }
        for (hash, statement) in invitations::open_offers(db).await? {
            if Signed::<Offer>::named_key(&statement).map_err(Fault::from)? == key {
                invitations::drop_offer(db, &hash).await?;
                void += 1;
            }
        }
        Ok(void)
    }
}

/// Takes the files of a key away; a line for each that has to be taken away by hand.
fn by_hand(config: &Config, key: Thumbprint) -> String {
    let Ok(stay) = remove_files(config, key) else {
        let folder = keyring::folder(config);
        let folder = folder.display();
        return format!(
            "\nLook into {folder} by hand, and remove the file of the key: that could not be done."
        );
    };
    let line = |path: PathBuf| {
        let path = path.display();
        format!("\nRemove {path} by hand: that could not be done.")
    };
    stay.into_iter().map(line).collect()
}

/// The key of this file, which is made if it isn't there.
fn new_root(path: &Path) -> Result<SigningKey, StartError> {
    if path.exists() {
        return read_key(path);
    }
    let document = SigningKey::make_ed25519().map_err(Fault::from)?;
    let text = zeroize::Zeroizing::new(encode(&document));
    write_secret(path, text.as_bytes())?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    keyring::sync_folder(folder.unwrap_or(Path::new(".")))?;
    Ok(SigningKey::from_pkcs8(&document).map_err(Fault::from)?)
}

fn changed(keys: &Signed<Keys>, text: &str) -> Said {
    let sign: Vec<Thumbprint> = keys.sign.iter().map(PublicKey::thumbprint).collect();
    let json = json!({ "n": keys.n, "root": root_after(keys), "sign": sign, "exp": keys.exp });
    Said::new(
        format!("{text}\nA running server goes on with it at once."),
        json,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::World;

    #[tokio::test]
    async fn where_the_files_cannot_be_listed_a_withdrawal_that_is_done_says_where_to_look() {
        let world = World::new().await;
        let key = world.app.signer.in_force().named[0];
        let folder = keyring::folder(&world.app.config);
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::write(&folder, "no folder").unwrap();
        let said = by_hand(&world.app.config, key);
        assert!(said.contains(folder.to_str().unwrap()), "{said}");
        world.end().await;
    }
}
