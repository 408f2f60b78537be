//! A service provider as an administrator registered it.

use crate::acs::AcsUrl;
use crate::certificate::SpCertificate;

/// Everything that is known of a service provider. Nothing in a request can add to it.
#[derive(Clone, Debug)]
pub struct ServiceProvider {
    /// The entity ID, which its requests carry as `Issuer`. Compared octet by octet.
    pub entity_id: String,
    /// Where responses go. `None`: not filled in yet, and no login is possible.
    pub acs: Option<AcsUrl>,
    /// What the assertion names as its `Audience`; usually the entity ID.
    pub audience: String,
    /// Checks the signatures of its requests.
    pub certificate: Option<SpCertificate>,
    /// Requests without a signature are refused. Needs a certificate.
    pub require_signed: bool,
    /// Switched on by an administrator.
    pub enabled: bool,
}

impl ServiceProvider {
    /// The consumer URL, if logins are possible at all.
    pub(crate) fn ready(&self) -> Option<&AcsUrl> {
        let can_verify = self.certificate.is_some() || !self.require_signed;
        self.acs.as_ref().filter(|_| self.enabled && can_verify)
    }
}
