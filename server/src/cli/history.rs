//! What the server keeps of a phone's answers, as a file that anybody can compare with the phone's own (protocol section 8).

use super::Said;
use super::users::find;
use crate::app::App;
use crate::credential::{self, id_of};
use crate::error::Fault;
use crate::signer::{Column, StartError};
use crate::store::credentials::{self, Credential};
use crate::store::responses::{self, Kept, KeptAnswer};
use crate::store::{Connection, challenges, keys};
use clap::Args;
use countersign_protocol::crypto::PublicKey;
use countersign_protocol::history::{Entry, Header, Line};
use countersign_protocol::statement::{Response, State};
use countersign_protocol::{Signed, json};
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Answers that are read at once.
const PAGE: usize = 256;

#[derive(Args)]
pub(super) struct ExportArgs {
    /// A phone, as `phone list` shows it, or an e-mail address or user name: then each phone of that ID that was ever in use.
    whose: String,
    /// The folder for the files, one a phone; never over an existing one.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    out: PathBuf,
}

pub(super) async fn export(app: &App, args: &ExportArgs) -> Result<Vec<Said>, StartError> {
    let mut said = Vec::new();
    for row in phones(app, &args.whose).await? {
        let path = args.out.join(format!("{}.history.jsonl", row.id));
        let mut db = app.store.read().await?;
        let (from, to) = write(app, &mut db, &row, &path).await?;
        let answers = match from <= to {
            true => format!("answers {from} to {to}"),
            false => "no answers".to_owned(),
        };
        let file = path.display().to_string();
        let text = format!("{}  {}: {answers} in {file}", row.id, row.device);
        let json = json!({ "id": row.id, "dev": row.dev, "file": file, "from": from, "to": to });
        said.push(Said::new(text, json));
    }
    Ok(said)
}

async fn phones(app: &App, whose: &str) -> Result<Vec<Credential>, StartError> {
    let one = credentials::by_id(&mut *app.store.read().await?, whose).await?;
    if let Some(one) = one {
        return Ok(vec![one]);
    }
    let user = find(app, whose).await?;
    let used = ["active", "suspended", "revoked"];
    let all = credentials::of_user(&mut *app.store.read().await?, &user.id, &used).await?;
    match all.is_empty() {
        true => Err(StartError::Said("this ID never had a phone".into())),
        false => Ok(all),
    }
}

/// A file that wasn't there, for its owner only: it is about a person.
fn create(path: &Path) -> std::io::Result<BufWriter<File>> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    Ok(BufWriter::new(file?))
}

/// Writes the file; from which `ctr` to which.
async fn write(
    app: &App,
    db: &mut Connection,
    row: &Credential,
    path: &Path,
) -> Result<(i64, i64), StartError> {
    // Fixed first: what comes meanwhile may be signed by keys that are not among those read now.
    let kept = responses::kept(db, &row.id).await?;
    let span = kept.as_ref().map_or((1, 0), |kept| (kept.from, kept.to));
    let states = credentials::states(db, &row.id, row.sn).await?;
    let phone = Phone::of(app, db, row).await?;
    let header = Header::new(
        app.signer.origin.clone(),
        id_of(&row.id)?,
        phone.keys.clone(),
        (span.0 as u64, span.1 as u64),
    );
    let mut file = create(path)?;
    put(&mut file, &Line::Header(header))?;
    for keys in keys_since(app, db, states.first()).await? {
        put(&mut file, &Line::Keys { keys })?;
    }
    for state in states {
        put(&mut file, &Line::State { state })?;
    }
    if let Some(kept) = kept {
        phone.put_answers(db, &kept, &mut file).await?;
    }
    let file = file.into_inner().map_err(|fault| fault.into_error())?;
    file.sync_all()?;
    Ok(span)
}

fn put(file: &mut BufWriter<File>, line: &Line) -> Result<(), StartError> {
    let text = line.to_text().map_err(Fault::from)?;
    Ok(file.write_all(text.as_bytes())?)
}

/// The statements about keys from the one on that was in force when the phone came: with it begins what the phone has, too.
async fn keys_since(
    app: &App,
    db: &mut Connection,
    first: Option<&String>,
) -> Result<Vec<String>, Fault> {
    let first = first.ok_or(Fault::Stored("state"))?;
    let n = app.signer.ours::<State>(first)?.keys as i64;
    let all = keys::all(db).await?.into_iter();
    let since = all.filter(|row| row.n >= n);
    Ok(since.map(|row| row.statement).collect())
}

/// Whose answers they are.
struct Phone<'a> {
    app: &'a App,
    row: &'a Credential,
    /// K_dev and each K_uv.
    keys: Vec<PublicKey>,
}

impl<'a> Phone<'a> {
    async fn of(app: &'a App, db: &mut Connection, row: &'a Credential) -> Result<Self, Fault> {
        let own = credential::keys_of(app, row)?;
        let mut keys = vec![own.dev];
        for old in credentials::old_uv_keys(db, &row.id).await? {
            keys.push(json::parse(old.as_bytes())?);
        }
        keys.extend(own.uv.map(|uv| uv.key));
        Ok(Self { app, row, keys })
    }

    async fn put_answers(
        &self,
        db: &mut Connection,
        kept: &Kept,
        file: &mut BufWriter<File>,
    ) -> Result<(), StartError> {
        let mut place = (0, 0);
        loop {
            let page = responses::kept_after(db, &self.row.id, kept, place, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            place = last.place();
            for answer in page {
                put(file, &Line::Entry(self.entry(db, answer).await?))?;
            }
        }
    }

    async fn entry(&self, db: &mut Connection, answer: KeptAnswer) -> Result<Entry, Fault> {
        let signer = &self.app.signer;
        let verdict = match &answer.verdict_wrapped {
            Some(sealed) => signer.unwrap_text(Column::Verdict, &answer.jti, sealed)?,
            None => answer.verdict,
        };
        let challenge = match answer.challenge {
            Some(kept) => Some(kept),
            None => self.asked(db, &answer.statement).await?,
        };
        Ok(Entry {
            challenge,
            response: Some(answer.statement),
            verdict: Some(verdict),
        })
    }

    /// The request that a response names, while it is kept by itself.
    async fn asked(&self, db: &mut Connection, response: &str) -> Result<Option<String>, Fault> {
        let response = Signed::<Response>::verify(response, &self.keys)?;
        let hash = response.challenge.to_string();
        let found = challenges::by_hash(db, &hash, &self.row.id).await?;
        Ok(found.map(|found| found.statement))
    }
}
