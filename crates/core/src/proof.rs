//! Proofs: what receipts in the ledger show to be true.

use std::collections::BTreeSet;

/// SHA-256 over the documents that a proof is of, in hex.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProofSubject(pub String);

/// What a receipt proves: the subject, for one principal. A role that is made again under its name is another principal to
/// every policy that names it (IAMUG:reference_policies_elements_principal), so the subject alone says nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Proof {
    /// What was proven.
    pub subject: ProofSubject,
    /// The unique ID of the role that replicated.
    pub role_id: String,
}

/// What the receipts in the ledger prove.
pub type Proofs = BTreeSet<Proof>;
