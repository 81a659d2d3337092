//! Proofs: what receipts in the ledger show to be true.

use std::collections::BTreeSet;

/// SHA-256 over the documents that a proof is of, in hex.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProofSubject(pub String);

/// The subjects that receipts in the ledger prove.
pub type Proofs = BTreeSet<ProofSubject>;
