//! An ID that is begun in the app: the server writes a letter, whose page makes the invitation (protocol section 5).

use super::Refusal;
use crate::core::Core;
use crate::error::Fault;
use countersign_protocol::Origin;
use countersign_protocol::text::Account;

impl Core {
    /// Asks a server to write to an address. It answers alike whether it does.
    pub(crate) fn begin_id(&self, server: &str, account: &str) -> Result<(), Fault> {
        let origin = Origin::parse(server).map_err(|_| Refusal::Malformed)?;
        if !self.config.allows(&origin) {
            return Err(Refusal::Host.into());
        }
        let account = Account::parse(account.trim()).map_err(|_| Refusal::Account)?;
        // What is a mailbox, its mail server knows.
        if !account.as_str().contains('@') {
            return Err(Refusal::Account.into());
        }
        self.client.begin(&origin, account)
    }
}
