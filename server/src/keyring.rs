//! The keys of this server: which S the newest `cs1-keys` names, and where their files are (protocol
//! section 4). The settings name a folder of key files; older settings name one file, and then further
//! keys are in a folder beside it, `<file>.d`.

use crate::config::Config;
use crate::crypto::KeyError;
use crate::error::Fault;
use crate::signer::{StartError, read_secret, write_secret};
use crate::store::keys::{self, KeyStatement};
use crate::store::{Connection, Error};
use countersign_protocol::crypto::{PublicKey, SigningKey};
use countersign_protocol::encoding::encode;
use countersign_protocol::jose::Signed;
use countersign_protocol::statement::Keys;
use countersign_protocol::{Digest, Thumbprint};
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What the newest statement says, with the key that signs by it.
pub(crate) struct InForce {
    /// Its number.
    pub(crate) n: u64,
    /// R: the root that is pinned by who has read it, and that invitations name.
    pub(crate) root: Thumbprint,
    /// Until when it should be used, seconds.
    pub(crate) exp: u64,
    /// The newest S that it names and whose file is here and can be read; none, and nothing can be signed.
    pub(super) key: Option<SigningKey>,
    /// Whether that is the newest of all that it names.
    pub(crate) is_newest: bool,
    /// All that it names.
    pub(super) named: Vec<Thumbprint>,
    /// All that any statement ever named: what is in our database was signed by one of them.
    pub(super) ever: Vec<PublicKey>,
}

impl InForce {
    /// Reads the statements and finds the key.
    pub(crate) async fn load(config: &Config, db: &mut Connection) -> Result<Self, StartError> {
        let all = read_all(db).await?;
        let newest = all
            .last()
            .ok_or_else(|| StartError::Said("the database has no keys; run init".into()))?;
        if newest.iss != config.file.origin {
            let message = "origin is not the one that the root signed for: phones know it by that";
            return Err(StartError::Said(message.into()));
        }
        // A folder that can't be looked into has none.
        let mut files = key_files(config).unwrap_or_default();
        let here = |key: &PublicKey| files.iter().position(|(_, file)| file.public() == key);
        let at = newest.sign.iter().find_map(here);
        Ok(Self {
            n: newest.n,
            root: root_after(newest),
            exp: newest.exp,
            is_newest: at.is_some_and(|at| newest.sign.first() == Some(files[at].1.public())),
            key: at.map(|at| files.swap_remove(at).1),
            named: newest.sign.iter().map(PublicKey::thumbprint).collect(),
            ever: ever_named(&all),
        })
    }

    /// Whether anything can be signed.
    pub(crate) fn can_sign(&self) -> bool {
        self.key.is_some()
    }

    #[cfg(test)]
    pub(super) fn of_test(key: SigningKey) -> Self {
        Self {
            n: 1,
            root: key.public().thumbprint(),
            exp: u64::MAX,
            named: vec![key.public().thumbprint()],
            ever: vec![*key.public()],
            is_newest: true,
            key: Some(key),
        }
    }
}

/// The root that is pinned after a statement.
pub(crate) fn root_after(keys: &Keys) -> Thumbprint {
    keys.root_next.as_ref().unwrap_or(&keys.root).thumbprint()
}

/// Every statement, rising, checked by the root it is stored with.
pub(crate) async fn read_all(db: &mut Connection) -> Result<Vec<Signed<Keys>>, Fault> {
    let read = |row: KeyStatement| {
        let root = Digest::parse(&row.root).map(Thumbprint);
        let root = root.ok_or(Fault::Stored("keys"))?;
        Ok::<_, Fault>(Signed::<Keys>::verify_root(&row.statement, &root)?)
    };
    keys::all(db).await?.into_iter().map(read).collect()
}

/// Each S once.
fn ever_named(all: &[Signed<Keys>]) -> Vec<PublicKey> {
    let mut ever: Vec<PublicKey> = Vec::new();
    for key in all.iter().flat_map(|keys| &keys.sign) {
        if !ever.contains(key) {
            ever.push(*key);
        }
    }
    ever
}

/// The key files that are here and can be read. Whatever else lies in the folder keeps nobody from the others.
pub(crate) fn key_files(config: &Config) -> Result<Vec<(PathBuf, SigningKey)>, StartError> {
    let read = |path: PathBuf| read_key(&path).ok().map(|key| (path, key));
    Ok(key_paths(config)?.into_iter().filter_map(read).collect())
}

/// What is there in the place of key files and can't be read as one.
pub(crate) fn unreadable(config: &Config) -> Result<Vec<PathBuf>, StartError> {
    let mut paths = key_paths(config)?;
    paths.retain(|path| read_key(path).is_err());
    Ok(paths)
}

/// Takes the files of a key away, also one that can't be read and has its name; those that stay.
pub(crate) fn remove_files(config: &Config, key: Thumbprint) -> Result<Vec<PathBuf>, StartError> {
    let name = key.to_string();
    let mut stay = Vec::new();
    for path in key_paths(config)? {
        let is_named = path.file_stem().is_some_and(|stem| stem == name.as_str());
        let holds = || read_key(&path).is_ok_and(|file| file.public().thumbprint() == key);
        if (is_named || holds()) && std::fs::remove_file(&path).is_err() {
            stay.push(path);
        }
    }
    Ok(stay)
}

/// Where key files are.
fn key_paths(config: &Config) -> Result<Vec<PathBuf>, StartError> {
    let configured = config.path(&config.file.keys.signing);
    let mut paths = Vec::new();
    if configured.is_file() {
        paths.push(configured);
    }
    match std::fs::read_dir(folder(config)) {
        Ok(entries) => {
            for entry in entries {
                let path = entry?.path();
                if path.extension().is_some_and(|ending| ending == "key") {
                    paths.push(path);
                }
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    paths.sort();
    Ok(paths)
}

/// A signing key, of S or of R.
pub(crate) fn read_key(path: &Path) -> Result<SigningKey, StartError> {
    let document = read_secret(path)?;
    let key = SigningKey::from_pkcs8(&document);
    Ok(key.map_err(|_| KeyError("a key file holds no signing key"))?)
}

/// Where new keys are put.
pub(crate) fn folder(config: &Config) -> PathBuf {
    let configured = config.path(&config.file.keys.signing);
    if configured.is_dir() || configured.extension().is_none() {
        return configured;
    }
    let mut name = configured.into_os_string();
    name.push(".d");
    name.into()
}

/// Makes a key of S and its file, on disk before this returns.
pub(crate) fn make_key(config: &Config) -> Result<SigningKey, StartError> {
    make_key_in(&folder(config))
}

/// The same in a folder, which is made if it isn't there. Who runs the command as root makes it for the server's user all the same.
pub(crate) fn make_key_in(folder: &Path) -> Result<SigningKey, StartError> {
    if !folder.is_dir() {
        make_private_folder(folder)?;
        let made = open_folder(folder)?;
        hand_over(&made, folder.parent().unwrap_or(Path::new("")))?;
    }
    let document = SigningKey::make_ed25519().map_err(Fault::from)?;
    let key = SigningKey::from_pkcs8(&document).map_err(Fault::from)?;
    let text = zeroize::Zeroizing::new(encode(&document));
    let name = key.public().thumbprint().to_string();
    // Under another ending until it is whole: a torn file is never taken for a key.
    let draft = folder.join(format!("{name}.draft"));
    let made = write_secret(&draft, text.as_bytes())?;
    hand_over(&made, folder)?;
    std::fs::rename(&draft, folder.join(format!("{name}.key")))?;
    sync_folder(folder)?;
    Ok(key)
}

/// Gives what root made in a folder to whom the folder belongs: nobody else reads it.
///
/// The folder may be in other hands than root's: it is what was made that is given away, as it is open, and never what stands at its path
/// meanwhile, be it a link of either kind.
fn hand_over(made: &File, folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    // A path of one word is in the folder that one is in.
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let to = std::fs::metadata(folder)?;
    if made.metadata()?.uid() == 0 && to.uid() != 0 {
        fchown(made, Some(to.uid()), Some(to.gid()))?;
    }
    Ok(())
}

/// A folder itself, and not what a link in its place leads to.
fn open_folder(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::MetadataExt as _;
    let file = File::open(path)?;
    let (open, there) = (file.metadata()?, std::fs::symlink_metadata(path)?);
    // A folder has no second name, so it is the one that stands there.
    match there.is_dir() && (open.dev(), open.ino()) == (there.dev(), there.ino()) {
        true => Ok(file),
        false => Err(ErrorKind::NotADirectory.into()),
    }
}

/// Keys and personal data: for the server's own user only.
pub(crate) fn make_private_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Stores a statement; what two commands at once would both write, only one writes.
pub(crate) async fn store(db: &mut Connection, keys: &Signed<Keys>) -> Result<(), Error> {
    let row = KeyStatement {
        n: keys.n as i64,
        root: keys.kid().to_string(),
        statement: keys.compact().to_owned(),
        names_next: keys.root_next.is_some(),
    };
    keys::insert(db, &row).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_key_is_in_its_file_for_its_owner_only_and_a_torn_one_is_no_key() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("signing");
        let key = make_key_in(&folder).unwrap();
        let path = folder.join(format!("{}.key", key.public().thumbprint()));
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&path)), (0o700, 0o600));
        assert_eq!(read_key(&path).unwrap().public(), key.public());
        std::fs::write(&path, "AAAA").unwrap();
        assert!(read_key(&path).is_err());
    }

    #[test]
    fn what_root_makes_is_for_whom_the_folder_belongs_to() {
        use std::os::unix::fs::{MetadataExt as _, chown};
        let dir = tempfile::tempdir().unwrap();
        let own = |path: &Path| std::fs::metadata(path).unwrap().uid();
        let is_root = own(dir.path()) == 0;
        let server = if is_root { 4711 } else { own(dir.path()) };
        chown(dir.path(), Some(server), None).unwrap();
        // Also where the folder isn't there yet.
        for folder in [dir.path().to_owned(), dir.path().join("signing.key.d")] {
            let key = make_key_in(&folder).unwrap();
            let path = folder.join(format!("{}.key", key.public().thumbprint()));
            assert_eq!((own(&folder), own(&path)), (server, server));
        }
    }

    #[test]
    fn what_stands_in_the_place_of_what_root_made_is_never_given_away() {
        use std::os::unix::fs::{MetadataExt as _, chown, symlink};
        let dir = tempfile::tempdir().unwrap();
        let own = |path: &Path| std::fs::symlink_metadata(path).unwrap().uid();
        let me = own(dir.path());
        let [theirs, mine, folder, draft] =
            ["theirs", "mine", "mine/folder", "theirs/draft"].map(|name| dir.path().join(name));
        std::fs::create_dir(&theirs).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(mine.join("secret"), "secret").unwrap();
        if me == 0 {
            chown(&theirs, Some(4711), None).unwrap();
        }
        let made = write_secret(&draft, b"key").unwrap();
        std::fs::remove_file(&draft).unwrap();
        std::fs::hard_link(mine.join("secret"), &draft).unwrap();
        hand_over(&made, &theirs).unwrap();
        assert_eq!((own(&mine.join("secret")), own(&draft)), (me, me));
        assert_eq!(made.metadata().unwrap().uid(), own(&theirs));

        symlink(&folder, theirs.join("folder")).unwrap();
        assert!(open_folder(&theirs.join("folder")).is_err());
        assert!(open_folder(&folder).is_ok());
    }
}
