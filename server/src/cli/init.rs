//! `init`: a new server in a folder of its own.

use super::Said;
use super::keys::KEYS_LIFE;
use crate::app::system_time;
use crate::config::{
    Asked, Challenge, Config, Connections, File, History, Invitation, Keys as KeyFiles, Tls,
};
use crate::crypto::make_saml_key;
use crate::error::Fault;
use crate::keyring::{make_key_in, make_private_folder};
use crate::login::account_of;
use crate::signer::{StartError, write_secret};
use crate::store::keys::KeyStatement;
use crate::store::users::User;
use crate::store::{Store, audit, keys, users};
use countersign_protocol::crypto::{SigningKey, make_random};
use countersign_protocol::encoding::encode;
use countersign_protocol::jose::Signed;
use countersign_protocol::statement::Keys;
use countersign_protocol::text::Name;
use countersign_protocol::{Id, Origin};
use serde_json::json;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

const SETTINGS: &str = "countersign.toml";
const DATABASE: &str = "countersign.db";
const WRAPPING: &str = "wrapping.key";
const SAML_KEY: &str = "saml.key";
const SAML_CERTIFICATE: &str = "saml.crt";

/// The folder of S.
const SIGNING: &str = "signing";

#[derive(clap::Args)]
pub(super) struct Init {
    /// The folder to make; it must not hold a server yet.
    #[arg(long)]
    dir: PathBuf,
    /// The public address, https://host[:port].
    #[arg(long)]
    origin: String,
    /// Address and port to listen on.
    #[arg(long, default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// The server's name, as people see it.
    #[arg(long)]
    name: String,
    /// E-mail address or user name of the first administrator.
    #[arg(long)]
    admin: String,
    /// The administrator's own name.
    #[arg(long)]
    admin_name: String,
    /// TLS certificate chain, PEM.
    #[arg(long)]
    tls_cert: PathBuf,
    /// TLS key, PEM.
    #[arg(long)]
    tls_key: PathBuf,
    /// Where to put the root key instead, for example on a medium that is taken away afterwards.
    #[arg(long)]
    root_key: Option<PathBuf>,
}

pub(super) async fn init(init: &Init) -> Result<Said, StartError> {
    let said = |text: &str| StartError::Said(text.to_owned());
    let origin = Origin::parse(&init.origin)
        .map_err(|error| StartError::Said(format!("--origin: {error}")))?;
    Name::parse(&init.name).map_err(|error| StartError::Said(format!("--name: {error}")))?;
    let account =
        account_of(&init.admin).ok_or_else(|| said("--admin is no e-mail address or user name"))?;
    let admin_name = Name::parse(&init.admin_name)
        .map_err(|error| StartError::Said(format!("--admin-name: {error}")))?;
    let tls = Tls {
        certificate: absolute(&init.tls_cert)?,
        key: absolute(&init.tls_key)?,
    };
    // Tried before anything is made: a server that can't start is no server.
    crate::crypto::tls(&tls.certificate, &tls.key)?;

    let config = init.dir.join(SETTINGS);
    let root_path = init
        .root_key
        .clone()
        .unwrap_or_else(|| init.dir.join("root.key"));
    check_nothing_is_there(init, &root_path)?;
    make_or_take(&init.dir)?;
    let (statement, root) = make_keys(init, &root_path, &origin)?;
    let (saml_key, saml_certificate) = make_saml_key(&format!("{} SAML", init.name))?;
    write_secret(&init.dir.join(SAML_KEY), saml_key.as_bytes())?;
    std::fs::write(init.dir.join(SAML_CERTIFICATE), saml_certificate)?;

    // An empty file is an empty database, and what SQLite puts beside it is as private as that.
    write_secret(&init.dir.join(DATABASE), b"")?;
    let store = Store::open(&init.dir.join(DATABASE), true).await?;
    let mut tx = store.write().await?;
    keys::insert(
        &mut tx,
        &KeyStatement {
            n: 1,
            root: root.clone(),
            statement,
            names_next: false,
        },
    )
    .await?;
    let admin = User {
        id: Id::make().map_err(Fault::from)?.to_string(),
        account: account.clone(),
        name: admin_name.as_str().to_owned(),
        given: None,
        family: None,
        admin: true,
    };
    users::insert(&mut tx, &admin, system_time()).await?;
    audit::append(
        &mut tx,
        system_time(),
        "user",
        &admin.id,
        "first administrator",
    )
    .await?;
    tx.commit().await?;
    store.close().await;
    // Last, since with it the folder counts as a server.
    write_config(init, origin.clone(), tls, &config)?;

    let text = format!(
        "Made {} for {origin} in {}.\n\
         Root key: {} (thumbprint {root}). Take it away from this machine: only `keys` commands need it.\n\
         First administrator: {account}. Next: countersign-server --config {} invite {account}",
        init.name,
        init.dir.display(),
        root_path.display(),
        config.display(),
    );
    let json = json!({ "config": config, "origin": origin, "root": root, "admin": account });
    Ok(Said::new(text, json))
}

/// Nothing that is there is written over, and this is found before the first file is made.
fn check_nothing_is_there(init: &Init, root: &Path) -> Result<(), StartError> {
    if init.dir.join(SETTINGS).exists() {
        return Err(StartError::said("there is a server in this folder already"));
    }
    let files = [DATABASE, WRAPPING, SAML_KEY, SAML_CERTIFICATE, SIGNING];
    let files = files.map(|name| init.dir.join(name));
    match files
        .iter()
        .map(PathBuf::as_path)
        .chain([root])
        .find(|path| path.exists())
    {
        Some(path) => Err(StartError::Said(format!(
            "{} is there already: take it away, if an init that failed left it, or name another place",
            path.display()
        ))),
        None => Ok(()),
    }
}

/// The folder, readable by its owner only. One that is there and holds something is not ours to close.
fn make_or_take(dir: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::PermissionsExt as _;
    if !dir.is_dir() {
        return Ok(make_private_folder(dir)?);
    }
    let is_private = std::fs::metadata(dir)?.permissions().mode() & 0o077 == 0;
    if is_private {
        return Ok(());
    }
    if std::fs::read_dir(dir)?.next().is_some() {
        return Err(StartError::Said(format!(
            "{} holds something and others may look into it: chmod 700 it, or name a new folder",
            dir.display()
        )));
    }
    Ok(std::fs::set_permissions(
        dir,
        std::fs::Permissions::from_mode(0o700),
    )?)
}

/// R and S and the wrapping key; the first `cs1-keys` and R's thumbprint.
fn make_keys(
    init: &Init,
    root_path: &Path,
    origin: &Origin,
) -> Result<(String, String), StartError> {
    let root_document = SigningKey::make_ed25519().map_err(Fault::from)?;
    let root = SigningKey::from_pkcs8(&root_document).map_err(Fault::from)?;
    let signing = make_key_in(&init.dir.join(SIGNING))?;
    let keys = Keys {
        iss: origin.clone(),
        n: 1,
        iat: system_time(),
        exp: system_time() + KEYS_LIFE,
        root: *root.public(),
        sign: vec![*signing.public()],
        origins: vec![origin.clone()],
        root_next: None,
    };
    let statement = Signed::sign(keys, &root).map_err(Fault::from)?;
    let wrapping = zeroize::Zeroizing::new(make_random::<32>().map_err(Fault::from)?);
    write_secret(root_path, encode(&root_document).as_bytes())?;
    write_secret(&init.dir.join(WRAPPING), encode(&wrapping[..]).as_bytes())?;
    Ok((
        statement.compact().to_owned(),
        root.public().thumbprint().to_string(),
    ))
}

fn write_config(init: &Init, origin: Origin, tls: Tls, path: &Path) -> Result<(), StartError> {
    let file = File {
        origin,
        origins: Vec::new(),
        name: init.name.clone(),
        listen: init.listen,
        database: DATABASE.into(),
        tls,
        keys: KeyFiles {
            signing: SIGNING.into(),
            wrapping: WRAPPING.into(),
            saml_key: SAML_KEY.into(),
            saml_certificate: SAML_CERTIFICATE.into(),
        },
        mail: None,
        connections: Connections::default(),
        challenge: Challenge::default(),
        invitation: Invitation::default(),
        policy: Asked::default(),
        history: History::default(),
        brands: Vec::new(),
    };
    let text = toml::to_string(&file)
        .map_err(|_| StartError::Said("settings cannot be written".into()))?;
    // A mail server's password may come to it.
    write_secret(path, text.as_bytes())?;
    Config::load(path)?;
    Ok(())
}

fn absolute(path: &Path) -> Result<PathBuf, StartError> {
    std::path::absolute(path).map_err(StartError::Io)
}
