//! The keys that ever signed for a server: the chain of protocol section 4, as it was kept.

use super::{Flaw, link};
use crate::crypto::PublicKey;
use crate::encoding::Thumbprint;
use crate::jose::{Refusal, Signed, Statement};
use crate::origin::Origin;
use crate::statement::Keys;

pub(crate) struct ServerKeys {
    /// The root in force.
    root: Thumbprint,
    /// `n` and `iss` of the statement taken last.
    last: Option<(u64, Origin)>,
    /// Every S that was ever named, once.
    sign: Vec<PublicKey>,
}

impl ServerKeys {
    /// Nothing is known yet but the root that is trusted.
    pub(crate) fn by(root: Thumbprint) -> Self {
        Self {
            root,
            last: None,
            sign: Vec::new(),
        }
    }

    /// Whose keys they are, once there are any.
    pub(crate) fn iss(&self) -> Option<&Origin> {
        self.last.as_ref().map(|(_, iss)| iss)
    }

    /// Takes the next statement, by the root in force. That a link of the chain is over doesn't matter.
    ///
    /// # Errors
    /// [`Flaw::Root`] for the first one, when another root signed it.
    pub(crate) fn take(&mut self, statement: &str) -> Result<(), Flaw> {
        let keys = Signed::<Keys>::verify_root(statement, &self.root);
        let keys = keys.map_err(|refusal| match refusal {
            Refusal::UnknownKey if self.last.is_none() => Flaw::Root,
            refusal => Flaw::Statement("keys", refusal),
        })?;
        if let Some((n, iss)) = &self.last {
            link(keys.n > *n, "keys.n")?;
            link(keys.iss == *iss, "keys.iss")?;
        }
        if let Some(next) = &keys.root_next {
            self.root = next.thumbprint();
        }
        for key in &keys.sign {
            if !self.sign.contains(key) {
                self.sign.push(*key);
            }
        }
        self.last = Some((keys.n, keys.iss.clone()));
        Ok(())
    }

    /// A statement by one of the keys that were ever named.
    pub(crate) fn verify<T: Statement>(
        &self,
        name: &'static str,
        text: &str,
    ) -> Result<Signed<T>, Flaw> {
        Signed::verify(text, &self.sign).map_err(|refusal| Flaw::Statement(name, refusal))
    }
}
