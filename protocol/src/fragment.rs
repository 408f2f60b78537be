//! `<address>#<b64u(json)>`: how everything that is scanned or opened as a link travels. The fragment
//! never leaves the phone.

use crate::encoding::{decode, encode};
use crate::json::{self, Malformed};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The longest link, bytes.
pub const CAP: usize = 512;

/// Why a text is not such a link.
pub(crate) enum NotOne {
    /// Over [`CAP`]; nothing was parsed.
    TooLong,
    /// Of another version than 1.
    Version,
    /// Something else.
    Malformed,
}

/// Only `v`, so that a newer version can have other members.
#[derive(Deserialize)]
struct Version {
    v: u64,
}

/// The link of an address and what stands behind it.
///
/// # Errors
/// [`Malformed`] when it would be longer than [`CAP`].
pub(crate) fn write<T: Serialize>(address: &str, fragment: &T) -> Result<String, Malformed> {
    let link = format!("{address}#{}", encode(json::write(fragment)?.as_bytes()));
    if link.len() > CAP {
        Err(Malformed("link too long"))
    } else {
        Ok(link)
    }
}

/// Address and fragment of a link. The version is read first and alone.
pub(crate) fn read<T: DeserializeOwned>(link: &str) -> Result<(&str, T), NotOne> {
    if link.len() > CAP {
        return Err(NotOne::TooLong);
    }
    let (address, fragment) = link.split_once('#').ok_or(NotOne::Malformed)?;
    let json = decode(fragment).ok_or(NotOne::Malformed)?;
    // serde_json is asked directly: strictness is for version 1.
    let version: Version = serde_json::from_slice(&json).map_err(|_| NotOne::Malformed)?;
    if version.v != 1 {
        return Err(NotOne::Version);
    }
    let fragment = json::parse(&json).map_err(|_| NotOne::Malformed)?;
    Ok((address, fragment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Fragment {
        v: u64,
    }

    /// What is written has this many bytes.
    fn written(length: usize) -> Result<String, Malformed> {
        let least = write("", &Fragment { v: 1 }).map_or(0, |link| link.len());
        write(&"a".repeat(length - least), &Fragment { v: 1 })
    }

    #[test]
    fn a_link_of_512_bytes_is_written_and_read_and_a_longer_one_is_neither() {
        let longest = written(CAP).unwrap();
        assert_eq!(longest.len(), CAP);
        assert!(matches!(read(&longest), Ok((_, Fragment { v: 1 }))));
        assert!(written(CAP + 1).is_err());
        assert!(matches!(
            read::<Fragment>(&format!("a{longest}")),
            Err(NotOne::TooLong)
        ));
    }
}
