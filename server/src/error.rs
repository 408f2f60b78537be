//! A fault of ours: logged with a reference, shown as that reference only.

use countersign_protocol::crypto::Unspecified;
use countersign_protocol::jose::Refusal;
use countersign_protocol::json::Malformed;
use countersign_protocol::text::NotText;

/// Something that must not happen did. No variant holds personal data.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("database: {0}")]
    Store(#[from] crate::store::Error),
    #[error("cryptography failed")]
    Crypto(#[from] Unspecified),
    #[error("a statement of ours: {0}")]
    Statement(#[from] Refusal),
    #[error("a value of ours: {0}")]
    Value(#[from] Malformed),
    #[error("a text of ours: {0}")]
    Text(#[from] NotText),
    #[error("SAML: {0}")]
    Saml(#[from] countersign_saml::EmitError),
    #[error("no key that is in force can be read")]
    NoKey,
    #[error("stored data: {0}")]
    Stored(&'static str),
}

impl Fault {
    /// Logs it; the reference is what people are shown.
    pub(crate) fn log(&self) -> String {
        let random: [u8; 5] = countersign_protocol::crypto::make_random().unwrap_or_default();
        let reference: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        tracing::error!(reference, fault = %self, "fault");
        reference
    }
}
