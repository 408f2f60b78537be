//! An invitation as 20 characters to type (protocol section 5): 50 bits of token, 45 bits of the
//! root's thumbprint, 5 check bits, in Crockford's base32.

use crate::crockford;
use crate::encoding::{Digest, Thumbprint};
use std::fmt;

/// A code whose check character fits. It names a server only among those that the app knows.
#[derive(Clone, PartialEq, Eq)]
pub struct TypedCode(String);

/// Not such a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotACode {
    /// It doesn't have 20 characters of the alphabet.
    #[error("not twenty characters of the code alphabet")]
    Shape,
    /// The check character differs: a typo.
    #[error("the check character does not fit")]
    Typo,
}

impl NotACode {
    /// A stable name, as the vectors have it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Shape => "shape",
            Self::Typo => "typo",
        }
    }
}

impl TypedCode {
    /// The code of an invitation; `token` gives its first 50 bits.
    pub fn new(token: &[u8; 16], root: &Thumbprint) -> Self {
        let mut code = crockford::encode(token, 10).to_string();
        code.push_str(&crockford::encode(root.0.as_bytes(), 9));
        code.push(check(&code));
        Self(code)
    }

    /// Reads what a person typed: spaces and hyphens don't count, O, I, L are 0, 1, 1.
    ///
    /// # Errors
    /// [`NotACode`].
    pub fn parse(typed: &str) -> Result<Self, NotACode> {
        let code = crockford::read(typed, 20).ok_or(NotACode::Shape)?;
        if code.ends_with(check(&code[..19])) {
            Ok(Self(code.to_string()))
        } else {
            Err(NotACode::Typo)
        }
    }

    /// What `POST /offers` sends: the first ten characters.
    pub fn token(&self) -> &str {
        &self.0[..10]
    }

    /// Whether it names the server with this root.
    pub fn names(&self, root: &Thumbprint) -> bool {
        self.0[10..19] == *crockford::encode(root.0.as_bytes(), 9)
    }

    /// The twenty characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// It holds a token.
impl fmt::Debug for TypedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedCode")
    }
}

fn check(first: &str) -> char {
    let hash = Digest::of(&[b"cs1 code\0", first.as_bytes()]);
    crockford::character(hash.0[0] >> 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn root() -> Thumbprint {
        Thumbprint(Digest::parse("3chC9SoRQfTYO4LBKNdOb9pipdgaU7JrCHUXNdlCA60").unwrap())
    }

    #[test]
    fn spacing_case_and_lookalikes_do_not_matter() {
        let code = TypedCode::parse("EJTJGPEZREVQ445X9A2C").unwrap();
        assert!(code.names(&root()));
        assert_eq!(code.token(), "EJTJGPEZRE");
        assert_eq!(TypedCode::parse(" ejtjg-pezre vq445 x9a2c ").unwrap(), code);
        let zeros = TypedCode::new(&[0x08; 16], &root());
        let confused = zeros.as_str().replace('0', "o").replace('1', "l");
        assert_eq!(TypedCode::parse(&confused).unwrap(), zeros);
    }

    #[test]
    fn typos_and_other_shapes_are_told_apart() {
        assert_eq!(
            TypedCode::parse("EJTJGPEZREVQ445X9A2D"),
            Err(NotACode::Typo)
        );
        let megabyte = "A".repeat(1 << 20);
        for bad in [
            "",
            "EJTJGPEZREVQ445X9A2",
            "EJTJGPEZREVQ445X9A2CC",
            "UJTJGPEZREVQ445X9A2C",
            "ÄJTJGPEZREVQ445X9A2C",
            &megabyte,
        ] {
            assert_eq!(TypedCode::parse(bad), Err(NotACode::Shape));
        }
    }

    #[test]
    fn a_code_names_one_root_and_shows_its_token_to_nobody() {
        let code = TypedCode::new(&[0x08; 16], &root());
        let mut other = root();
        other.0.0[0] ^= 1;
        assert!(code.names(&root()) && !code.names(&other));
        assert_eq!(format!("{code:?}"), "TypedCode");
    }

    #[test]
    fn each_reason_has_the_name_that_is_published() {
        let names = [NotACode::Shape, NotACode::Typo].map(NotACode::code);
        assert_eq!(names, ["shape", "typo"]);
    }

    proptest! {
        #[test]
        fn there_and_back(token: [u8; 16], root: [u8; 32]) {
            let root = Thumbprint(Digest::from(root));
            let code = TypedCode::new(&token, &root);
            prop_assert_eq!(TypedCode::parse(code.as_str()).unwrap(), code.clone());
            prop_assert!(code.names(&root));
        }
    }
}
